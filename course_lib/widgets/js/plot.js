// Shared by every widget: SVG elements, a plot with axes, labelled controls, numbers as words.
// A widget's own file follows this one and ends in `export default { render }`.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// A plot with axes. `x`, `y`: [low, high]; ticks: [[value, label], ...]. Whatever is added to `layer` is clipped.
function plot({ x, y, xTicks, yTicks, xLabel, yLabel, width = 460, height = 300 }) {
  const [left, top, w, h] = [66, 10, width - 80, height - 62];
  const px = (value) => ((value - x[0]) / (x[1] - x[0])) * w;
  const py = (value) => h - ((value - y[0]) / (y[1] - y[0])) * h;
  const layer = svg("svg", { x: left, y: top, width: w, height: h, "aria-hidden": "true" });
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  root.append(svg("path", { class: "axis", d: `M${left} ${top}V${top + h}H${left + w}` }));
  for (const [value, label] of xTicks) {
    const at = left + px(value);
    root.append(svg("path", { class: "axis", d: `M${at} ${top + h}v4` }));
    root.append(svg("text", { x: at, y: top + h + 19, "text-anchor": "middle" }, label));
  }
  for (const [value, label] of yTicks) {
    const at = top + py(value);
    root.append(svg("path", { class: "axis", d: `M${left} ${at}h-4` }));
    root.append(svg("text", { x: left - 7, y: at + 4, "text-anchor": "end" }, label));
  }
  root.append(svg("text", { x: left + w / 2, y: height - 6, "text-anchor": "middle" }, xLabel));
  const middle = `translate(12 ${top + h / 2}) rotate(-90)`;
  root.append(svg("text", { transform: middle, "text-anchor": "middle" }, yLabel), layer);
  const path = (points) => points.map(([a, b], i) => `${i ? "L" : "M"}${px(a).toFixed(2)} ${py(b).toFixed(2)}`).join("");
  return { root, layer, px, py, path };
}

// A labelled range input that tells its value beside it. `words` turns the value into text for eye and screen reader.
function slider(name, { min, max, step, words, change }) {
  const input = html("input", { type: "range", min, max, step });
  const value = html("span", { class: "value", "aria-hidden": "true" });
  const label = html("label", {}, html("span", { class: "name" }, name), input, value);
  input.addEventListener("input", () => change(Number(input.value)));
  const set = (number) => {
    input.value = number;
    value.textContent = words(number);
    input.setAttribute("aria-valuetext", words(number));
  };
  return { label, input, set };
}

function select(name, options, change) {
  const input = html("select", {}, ...options.map(([value, text]) => html("option", { value }, text)));
  const label = html("label", {}, html("span", { class: "name" }, name), input);
  input.addEventListener("change", () => change(input.value));
  return { label, input };
}

function button(name, click) {
  const node = html("button", { type: "button" }, name);
  node.addEventListener("click", click);
  return node;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const raised = (number) => String(number).replace(/[-\d]/g, (c) => RAISED[c]);
const minus = (text) => text.replace(/-/g, "−");
const fixed = (number, digits = 2) => (Math.abs(number) < 1e5 ? minus(number.toFixed(digits)) : scientific(number));

// 1.4 · 10⁻⁸
function scientific(number, digits = 1) {
  if (number === 0) return "0";
  const [mantissa, exponent] = number.toExponential(digits).split("e");
  return `${minus(mantissa)} · 10${raised(Number(exponent))}`;
}

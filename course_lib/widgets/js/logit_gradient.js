// Move four logits: softmax, cross-entropy, and its gradient a − y.

function softmax(s) {
  const m = Math.max(...s);
  const e = s.map((each) => Math.exp(each - m));
  const sum = e.reduce((one, other) => one + other, 0);
  return { a: e.map((each) => each / sum), logSum: m + Math.log(sum) };
}

function render({ model, el }) {
  const targets = model.get("targets");
  const start = [2, 1, 0, -1];
  const classes = start.map((_, i) => [i + 1, `class ${i + 1}`]);
  const ticks = [-1, -0.5, 0, 0.5, 1].map((each) => [each, minus(String(each))]);
  const chart = plot({ x: [0.4, 4.6], y: [-1.15, 1.15], xTicks: classes, yTicks: ticks, xLabel: "", yLabel: "a and a − y" });
  const zero = svg("path", { class: "line grey thin", d: chart.path([[0.4, 0], [4.6, 0]]) });
  const bars = ["blue", "orange"].map((color) => start.map(() => svg("rect", { class: `bar ${color}` })));
  const marks = start.map(() => svg("path", { class: "outline" }));
  const labels = [0, 1].map(() => start.map(() => svg("text", { class: "number", "text-anchor": "middle" })));
  chart.layer.append(zero, ...bars.flat(), ...marks, ...labels.flat());

  const set = (values) => {
    for (const [name, to] of Object.entries(values)) model.set(name, to);
    model.save_changes();
    draw();
  };
  const change = (i, to) => set({ logits: model.get("logits").map((each, j) => (j === i ? to : each)) });
  const sliders = start.map((_, i) => slider(`Logit s${"₁₂₃₄"[i]}`, {
    min: -6, max: 6, step: 0.1, words: (s) => fixed(s, 1), change: (to) => change(i, to),
  }));
  const target = select("Target y", Object.keys(targets).map((name) => [name, name]), (name) => set({ target: name }));
  const step = button("Step downhill, η = 1", () => {
    const { a } = softmax(model.get("logits"));
    const y = targets[model.get("target")];
    set({ logits: model.get("logits").map((each, i) => each - (a[i] - y[i])) });
  });
  const lift = button("Add 1 to all logits", () => set({ logits: model.get("logits").map((each) => each + 1) }));
  const again = button("Start again", () => set({ logits: start }));
  const key = html("ul", { class: "key" }, ...[["bar blue", "output a"], ["outline", "target y"],
    ["bar orange", "gradient a − y"]].map(([look, text]) =>
    html("li", {}, svg("svg", { width: 26, height: 14, "aria-hidden": "true" }, look === "outline"
      ? svg("path", { class: "outline", d: "M1 7H25" }) : svg("rect", { class: look, x: 2, y: 2, width: 22, height: 10 })), text)));
  const report = html("output", { "aria-live": "polite" });

  function bar(node, x, width, value) {
    const [top, bottom] = [chart.py(Math.max(value, 0)), chart.py(Math.min(value, 0))];
    node.setAttribute("x", chart.px(x));
    node.setAttribute("y", top);
    node.setAttribute("width", chart.px(x + width) - chart.px(x));
    node.setAttribute("height", Math.max(bottom - top, 0.5));
  }

  function label(node, x, value) {
    node.setAttribute("x", chart.px(x));
    node.setAttribute("y", chart.py(value) + (value < 0 ? 15 : -6));
    node.textContent = fixed(value);
  }

  function draw() {
    const [s, y] = [model.get("logits"), targets[model.get("target")]];
    const { a, logSum } = softmax(s);
    const loss = logSum - s.reduce((sum, each, i) => sum + each * y[i], 0);
    s.forEach((each, i) => {
      bar(bars[0][i], i + 0.6, 0.36, a[i]);
      bar(bars[1][i], i + 1.04, 0.36, a[i] - y[i]);
      marks[i].setAttribute("d", chart.path([[i + 0.56, y[i]], [i + 1, y[i]]]));
      label(labels[0][i], i + 0.78, a[i]);
      label(labels[1][i], i + 1.22, a[i] - y[i]);
      sliders[i].set(Math.round(each * 10) / 10);
    });
    target.input.value = model.get("target");
    const least = y.reduce((sum, each) => sum - (each ? each * Math.log(each) : 0), 0);
    const gradient = a.map((each, i) => fixed(each - y[i], 3)).join(", ");
    report.textContent = `Loss ${fixed(loss, 3)}; the least possible for this target is ${fixed(least, 3)}. ` +
      `Gradient ${gradient}; its entries add up to 0.`;
    chart.root.setAttribute("aria-label", `Bars for four classes: outputs ${a.map((each) => fixed(each)).join(", ")}; ` +
      `targets ${y.join(", ")}; gradient ${gradient}. Loss ${fixed(loss, 3)}.`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Logits and their gradient" },
    chart.root, key, html("div", { class: "controls" }, ...sliders.map((each) => each.label), target.label,
      html("div", { class: "buttons" }, step, lift, again)), report));
  const redraw = () => draw();
  for (const name of ["logits", "target"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

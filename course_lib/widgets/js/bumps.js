// Choose how many bumps build a function, and how steep their sides are.
// Python gives the function on an even grid over [0, 1]; the bumps are added up here.

const sigma = (s) => (s >= 0 ? 1 / (1 + Math.exp(-s)) : Math.exp(s) / (1 + Math.exp(s)));

function render({ model, el }) {
  const functions = model.get("functions");
  const chart = plot({
    x: [0, 1], y: [-0.1, 1.1], xTicks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((n) => [n, String(n)]),
    yTicks: [0, 0.5, 1].map((n) => [n, String(n)]), xLabel: "x", yLabel: "f(x)",
  });
  const target = svg("path", { class: "line grey" });
  const singles = svg("path", { class: "line orange thin" });
  const sum = svg("path", { class: "line blue" });
  chart.layer.append(target, singles, sum);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const number = slider("Number of bumps", {
    min: 1, max: 60, step: 1, words: (n) => String(n), change: (n) => set("bumps", n),
  });
  const steep = slider("Weight w of the steps", {
    min: 0.5, max: 4, step: 0.1, words: (e) => String(weight(e)), change: (e) => set("steepness", e),
  });
  const options = Object.keys(functions).map((name) => [name, name]);
  const which = select("Function", options, (name) => set("function", name));
  const key = html("ul", { class: "key" }, ...[["grey", "function"], ["orange thin", "single bumps"], ["blue", "their sum"]]
    .map(([look, text]) => html("li", {}, svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svg("path", { class: `line ${look}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });
  const weight = (e) => Number((10 ** e).toPrecision(2));

  function draw() {
    const [f, n, w] = [functions[model.get("function")], model.get("bumps"), weight(model.get("steepness"))];
    const last = f.length - 1;
    const at = (x) => { // between two places of the grid the function is a straight line
      const i = Math.min(Math.floor(x * last), last - 1);
      return f[i] + (f[i + 1] - f[i]) * (x * last - i);
    };
    const edge = (j) => (j === 0 ? -1 : j === n ? 2 : j / n); // the outermost steps stand outside the interval
    const bump = (j, x) => at((j + 0.5) / n) * (sigma(w * (x - edge(j))) - sigma(w * (x - edge(j + 1))));
    const grid = Array.from({ length: last + 1 }, (_, i) => i / last);
    const all = Array.from({ length: n }, (_, j) => j);
    const built = grid.map((x) => all.reduce((total, j) => total + bump(j, x), 0));
    const error = Math.sqrt(built.reduce((total, y, i) => total + (y - f[i]) ** 2, 0) / built.length);
    target.setAttribute("d", chart.path(grid.map((x, i) => [x, f[i]])));
    sum.setAttribute("d", chart.path(grid.map((x, i) => [x, built[i]])));
    singles.setAttribute("d", n > 25 ? "" : all.map((j) => chart.path(grid.map((x) => [x, bump(j, x)]))).join(""));
    number.set(n); steep.set(model.get("steepness")); which.input.value = model.get("function");
    const words = `${n} ${n > 1 ? "bumps" : "bump"}, ${2 * n} hidden units, w = ${w}: root mean squared error ${fixed(error, 4)}.`;
    const width = w / n;
    const hint = width < 6 ? " The steps are wider than the bumps: neighbours run into one another."
      : n > 25 ? " (Single bumps are drawn up to 25.)" : "";
    report.textContent = words + hint;
    chart.root.setAttribute("aria-label", `${model.get("function")} on 0 to 1 and a sum of bumps. ${words}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Bumps build a function" },
    chart.root, key, html("div", { class: "controls" }, number.label, steep.label, which.label), report));
  const redraw = () => draw();
  for (const name of ["function", "bumps", "steepness"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

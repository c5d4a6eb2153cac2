// Choose an activation and the scale of the initial weights: see the gradient norm of every layer.
// Every norm was computed in Python; this file only draws them.

function render({ model, el }) {
  const [studies, scales] = [model.get("studies"), model.get("scales")];
  const depth = Object.values(studies)[0][0].norm.length;
  const bottom = -20;
  const powers = [-20, -15, -10, -5, 0, 5, 10].map((n) => [n, `10${raised(n)}`]);
  const chart = plot({
    x: [0.5, depth + 0.5], y: [bottom, 12], xTicks: [1, 5, 10, 15, 20].map((n) => [n, String(n)]), yTicks: powers,
    xLabel: "layer (1 is next to the input)", yLabel: "norm, last layer = 1",
  });
  const even = svg("path", { class: "line grey thin dashed", d: chart.path([[0, 0], [depth + 1, 0]]) });
  const before = svg("path", { class: "line grey thin" });
  const curve = svg("path", { class: "line blue" });
  const dots = svg("g");
  chart.layer.append(even, before, curve, dots);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  let last = null;
  const change = (name, to) => { last = points(); set(name, to); };
  const names = Object.keys(studies).map((name) => [name, name.replace("_", " ")]);
  const activation = select("Activation", names, (name) => change("activation", name));
  const scale = slider("Scale of the weights", {
    min: 0, max: scales.length - 1, step: 1, words: (i) => `${scales[i]} / √n`, change: (i) => change("choice", i),
  });
  const key = html("ul", { class: "key" }, ...[["blue", "chosen"], ["grey thin", "the choice before"]].map(([look, text]) =>
    html("li", {}, svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svg("path", { class: `line ${look}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });

  const study = () => studies[model.get("activation")][model.get("choice")];
  const height = (norm) => Math.max(Math.log10(Math.max(norm, 1e-99)), bottom);
  const points = () => study().norm.map((norm, i) => [i + 1, height(norm)]);
  const plain = (number) => (number >= 0.01 && number < 1000 ? fixed(number, 2) : scientific(number));

  function draw() {
    const { norm, spread } = study();
    curve.setAttribute("d", chart.path(points()));
    before.setAttribute("d", last ? chart.path(last) : "");
    dots.replaceChildren(...points().map(([x, y]) =>
      svg("circle", { cx: chart.px(x), cy: chart.py(y), r: 3.5, class: "fill blue" })));
    activation.input.value = model.get("activation");
    scale.set(model.get("choice"));
    const rate = norm[0] > 0 ? (norm[0] / norm[depth - 1]) ** (1 / (depth - 1)) : 0;
    const verdict = rate < 0.8 ? "The gradient vanishes." : rate > 1.25 ? "The gradient explodes."
      : "The gradient keeps its size, more or less.";
    const words = `In layer 1 the gradient has ${plain(norm[0])} of its norm in layer ${depth}: ` +
      `on average a factor of ${plain(rate)} a layer.`;
    report.textContent = `${words} ${verdict} Outputs spread by ${plain(spread[0])} in layer 1 and ` +
      `${plain(spread[depth - 1])} in layer ${depth}.`;
    chart.root.setAttribute("aria-label", `Gradient norm over ${depth} layers, ` +
      `${model.get("activation").replace("_", " ")}, weights of scale ${scales[model.get("choice")]}. ${words}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Gradient norm by depth" },
    chart.root, key, html("div", { class: "controls" }, activation.label, scale.label), report));
  const redraw = () => draw();
  for (const name of ["activation", "choice"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

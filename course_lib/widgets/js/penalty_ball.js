// Contours of a quadratic loss over two weights, the level line of a penalty, and the point where their sum is least.
// The points come from Python; the lines are drawn here.

function render({ model, el }) {
  const [valleys, penalties, strengths, best] = ["valleys", "penalties", "strengths", "best"].map((name) => model.get(name));
  const ticks = [-1, 0, 1, 2, 3].map((n) => [n, minus(String(n))]);
  const chart = plot({
    x: [-1.6, 3.4], y: [-1.6, 2.4], xTicks: ticks, yTicks: ticks.slice(0, 4), xLabel: "w₁", yLabel: "w₂",
    width: 440, height: 372,
  });
  const axes = svg("path", { class: "line grey thin", d: chart.path([[-2, 0], [4, 0]]) + chart.path([[0, -2], [0, 3]]) });
  const rings = [0.1, 0.5, 1.2, 2.2].map(() => svg("path", { class: "line grey thin" }));
  const touching = svg("path", { class: "line blue" });
  const ball = svg("path", { class: "line orange dashed" });
  const trail = svg("path", { class: "line green thin" });
  const [center, dot] = [svg("circle", { r: 4, class: "fill grey" }), svg("circle", { r: 6.5, class: "fill blue" })];
  chart.layer.append(axes, ...rings, trail, ball, touching, center, dot);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const names = (table) => Object.keys(table).map((name) => [name, name]);
  const valley = select("Loss", names(valleys), (name) => set("valley", name));
  const penalty = select("Penalty", names(penalties), (name) => set("penalty", name));
  const strength = slider("Strength λ", {
    min: 0, max: strengths.length - 1, step: 1, words: (i) => fixed(strengths[i]), change: (i) => set("choice", i),
  });
  const key = html("ul", { class: "key" }, ...[["blue", "loss, through the best point"], ["orange dashed", "equal penalty"],
    ["green thin", "the best points for all λ"]].map(([look, text]) =>
    html("li", {}, svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svg("path", { class: `line ${look}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });

  const angles = Array.from({ length: 181 }, (_, i) => (i * Math.PI) / 90);
  const excess = ({ H, center: c }, w) => {
    const [a, b] = [w[0] - c[0], w[1] - c[1]];
    return 0.5 * (H[0][0] * a * a + 2 * H[0][1] * a * b + H[1][1] * b * b);
  };
  // In each direction the loss rises as r² times a constant, so the radius of a level is known.
  const contour = (shape, level) => angles.map((t) => {
    const way = [Math.cos(t), Math.sin(t)];
    const r = Math.sqrt(level / excess(shape, [shape.center[0] + way[0], shape.center[1] + way[1]]));
    return [shape.center[0] + r * way[0], shape.center[1] + r * way[1]];
  });
  const cost = ([l1, l2], w) => l1 * (Math.abs(w[0]) + Math.abs(w[1])) + l2 * (w[0] ** 2 + w[1] ** 2);
  const level = ([l1, l2], value) => angles.map((t) => {
    const [c, s] = [Math.cos(t), Math.sin(t)];
    const a = l1 * (Math.abs(c) + Math.abs(s));
    const r = l2 ? (Math.sqrt(a * a + 4 * l2 * value) - a) / (2 * l2) : value / a;
    return [r * c, r * s];
  });

  function draw() {
    const [shape, kind, i] = [valleys[model.get("valley")], penalties[model.get("penalty")], model.get("choice")];
    const path = best[model.get("valley")][model.get("penalty")];
    const w = path[i];
    [0.1, 0.5, 1.2, 2.2].forEach((value, k) => rings[k].setAttribute("d", chart.path(contour(shape, value))));
    touching.setAttribute("d", i ? chart.path(contour(shape, excess(shape, w))) : "");
    ball.setAttribute("d", cost(kind, w) > 0 ? chart.path(level(kind, cost(kind, w))) : "");
    trail.setAttribute("d", chart.path(path));
    for (const [circle, place] of [[center, shape.center], [dot, w]]) {
      circle.setAttribute("cx", chart.px(place[0]));
      circle.setAttribute("cy", chart.py(place[1]));
    }
    valley.input.value = model.get("valley"); penalty.input.value = model.get("penalty");
    strength.set(i);
    const zeros = w.every((each) => each === 0) ? "Both weights are exactly zero."
      : w[1] === 0 ? "w₂ is exactly zero." : w[0] === 0 ? "w₁ is exactly zero." : "No weight is exactly zero.";
    const words = `λ = ${fixed(strengths[i])}: w = (${fixed(w[0], 3)}, ${fixed(w[1], 3)}), loss ${fixed(excess(shape, w), 3)} ` +
      `above its minimum at (${shape.center.map((each) => fixed(each, 1)).join(", ")}). ${zeros}`;
    report.textContent = words;
    chart.root.setAttribute("aria-label", `Contours of a loss over two weights and a level line of the penalty ` +
      `${model.get("penalty")}. ${words}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Contours and the ball" },
    chart.root, key, html("div", { class: "controls" }, valley.label, penalty.label, strength.label), report));
  const redraw = () => draw();
  for (const name of ["valley", "penalty", "choice"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

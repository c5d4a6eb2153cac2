// Move ŵ: see the loss, its tangent, and where a step of gradient descent leads.
// The loss is a polynomial in ŵ whose coefficients (constant first) Python computed, one list for each input x.

const value = (c, w) => c.reduceRight((sum, each) => sum * w + each, 0);
const slope = (c, w) => value(c.slice(1).map((each, i) => each * (i + 1)), w);

function render({ model, el }) {
  const [low, high, top] = [7, 13, 150];
  const ticks = (numbers) => numbers.map((each) => [each, String(each)]);
  const chart = plot({
    x: [low, high], y: [-6, top], xTicks: ticks([7, 8, 9, 10, 11, 12, 13]), yTicks: ticks([0, 50, 100, 150]),
    xLabel: "estimated weight ŵ", yLabel: "loss",
  });
  const curve = svg("path", { class: "line blue" });
  const tangent = svg("path", { class: "line orange dashed" });
  const trail = svg("path", { class: "line grey thin" });
  const stops = svg("g");
  const point = svg("circle", { r: 6, class: "fill orange" });
  chart.layer.append(curve, trail, tangent, stops, point);

  let visited = [];
  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const restart = (name, to) => { visited = []; set(name, to); };
  const weight = slider("Estimated weight ŵ", {
    min: low, max: high, step: 0.05, words: (w) => fixed(w), change: (w) => restart("w_hat", w),
  });
  const rate = slider("Learning rate η", {
    min: 0.005, max: 0.13, step: 0.005, words: (r) => r.toFixed(3), change: (r) => set("learning_rate", r),
  });
  const inputs = Object.keys(model.get("losses")).map((x) => [x, `x = ${x}`]);
  const input = select("Input", inputs, (x) => restart("x", Number(x)));
  const step = button("Take a step", () => {
    const here = model.get("w_hat");
    visited.push(here);
    set("w_hat", here - model.get("learning_rate") * slope(model.get("losses")[model.get("x")], here));
  });
  const again = button("Back to ŵ = 8", () => restart("w_hat", 8));
  const report = html("output", { "aria-live": "polite" });

  function draw() {
    const [c, w, r] = [model.get("losses")[model.get("x")], model.get("w_hat"), model.get("learning_rate")];
    const [loss, gradient] = [value(c, w), slope(c, w)];
    const grid = Array.from({ length: 121 }, (_, i) => low + ((high - low) * i) / 120);
    curve.setAttribute("d", chart.path(grid.map((at) => [at, value(c, at)])));
    tangent.setAttribute("d", chart.path([low, high].map((at) => [at, loss + gradient * (at - w)])));
    const path = [...visited, w].slice(-60).filter((at) => Math.abs(at) < 1e4);
    trail.setAttribute("d", chart.path(path.map((at) => [at, value(c, at)])));
    stops.replaceChildren(...path.slice(0, -1).map((at) =>
      svg("circle", { cx: chart.px(at), cy: chart.py(value(c, at)), r: 3.5, class: "fill grey" })));
    point.setAttribute("cx", chart.px(w));
    point.setAttribute("cy", chart.py(loss));
    weight.set(w); rate.set(r); input.input.value = model.get("x");
    step.disabled = !(Math.abs(w) < 1e100);
    const outside = w < low || w > high ? " The point has left the picture." : "";
    const stepped = visited.length ? `After ${visited.length} ${visited.length > 1 ? "steps" : "step"}: ` : "";
    report.textContent = `${stepped}ŵ = ${fixed(w)}, loss ${fixed(loss)}, gradient ${fixed(gradient)}.${outside} ` +
      `The next step, −η times the gradient, moves ŵ by ${fixed(-r * gradient)} to ${fixed(w - r * gradient)}.`;
    chart.root.setAttribute("aria-label",
      `Parabola of the loss over the weight from 7 to 13, with its tangent at ŵ = ${fixed(w)}: ` +
      `loss ${fixed(loss)}, slope ${fixed(gradient)}.`);
  }

  const controls = html("div", { class: "controls" }, weight.label, rate.label, input.label,
    html("div", { class: "buttons" }, step, again));
  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Loss, tangent and gradient step" },
    chart.root, controls, report));
  const redraw = () => draw();
  for (const name of ["x", "w_hat", "learning_rate"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

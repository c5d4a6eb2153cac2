// Whose average is it? The share that every past value has in a moving average, for three ways to start.

const STARTS = {
  "from zero": (t, a, i) => (1 - a) * a ** (t - i),
  "from zero, compensated": (t, a, i) => ((1 - a) * a ** (t - i)) / (1 - a ** t),
  "from the first value": (t, a, i) => (i === 1 ? a ** (t - 1) : (1 - a) * a ** (t - i)),
};

function render({ model, el }) {
  const values = model.get("values");
  const [above, below] = [html("div"), html("div")];
  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const start = select("The average starts", Object.keys(STARTS).map((name) => [name, name]), (name) => set("start", name));
  const memory = slider("Memory α", { min: 0, max: 0.99, step: 0.01, words: (a) => fixed(a), change: (a) => set("alpha", a) });
  const time = slider("Step t", { min: 1, max: values.length, step: 1, words: String, change: (t) => set("step", t) });
  const report = html("output", { "aria-live": "polite" });
  const weights = (t) => Array.from({ length: t }, (_, i) => STARTS[model.get("start")](t, model.get("alpha"), i + 1));

  function draw() {
    const [a, t] = [model.get("alpha"), model.get("step")];
    const average = (until) => weights(until).reduce((sum, w, i) => sum + w * values[i], 0);
    const ticks = [1, 10, 20, 30, 40, 50, 60].filter((n) => n <= values.length).map((n) => [n, String(n)]);
    const axes = { x: [0, values.length + 1], xTicks: ticks, height: 220 };
    const top = plot({ ...axes, y: [-0.5, 2.5], yTicks: [0, 1, 2].map((n) => [n, String(n)]), xLabel: "step", yLabel: "value" });
    top.layer.append(...values.map((v, i) => svg("circle", { class: `fill ${i < t ? "grey" : "faint"}`, r: i < t ? 3 : 1.5, cx: top.px(i + 1), cy: top.py(v) })));
    top.layer.append(svg("path", { class: "line blue", d: top.path(Array.from({ length: t }, (_, i) => [i + 1, average(i + 1)])) }));
    const now = weights(t);
    const [high, total] = [Math.max(0.2, ...now), now.reduce((sum, w) => sum + w, 0)];
    const bars = plot({ ...axes, y: [0, high * 1.05], yTicks: [0, high / 2, high].map((n) => [n, fixed(n)]), xLabel: "value number", yLabel: "weight" });
    bars.layer.append(svg("path", { class: "line orange", d: now.map((w, i) => bars.path([[i + 1, 0], [i + 1, w]])).join("") }));
    above.replaceChildren(top.root);
    below.replaceChildren(bars.root);
    start.input.value = model.get("start"); memory.set(a); time.set(t);
    report.textContent = `Step ${t}: average ${fixed(average(t), 3)}. The weights add up to ${fixed(total, 3)}; ` +
      `the newest value has ${fixed(now.at(-1), 3)}, the first ${fixed(now[0], 3)}.`;
    top.root.setAttribute("aria-label", `Values around 1 and their moving average. ${report.textContent}`);
    bars.root.setAttribute("aria-label", `Bars: the weight of each value in the average. ${report.textContent}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Weights of the past" }, above, below,
    html("div", { class: "controls" }, start.label, memory.label, time.label), report));
  const redraw = () => draw();
  for (const name of ["start", "alpha", "step"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

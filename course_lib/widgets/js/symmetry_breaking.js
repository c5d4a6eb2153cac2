// Six hidden units and their two input weights through training, from a chosen start. All numbers come from Python.

function render({ model, el }) {
  const [studies, steps] = [model.get("studies"), model.get("steps")];
  const size = 1.08 * Math.max(...Object.values(studies).flatMap((study) => study.units.flat(2).map(Math.abs)));
  const ticks = [-4, -2, 0, 2, 4].filter((n) => Math.abs(n) < size).map((n) => [n, minus(String(n))]);
  const chart = plot({
    x: [-size, size], y: [-size, size], xTicks: ticks, yTicks: ticks, xLabel: "weight of input 1",
    yLabel: "weight of input 2", width: 400, height: 380,
  });
  const zero = svg("path", { class: "line grey thin", d: chart.path([[-size, 0], [size, 0]]) + chart.path([[0, -size], [0, size]]) });
  const units = studies[model.get("start")].units[0].map(() => [svg("path", { class: "line blue thin" }),
    svg("circle", { r: 6, class: "fill blue" })]);
  chart.layer.append(zero, ...units.map(([trail]) => trail), ...units.map(([, dot]) => dot));

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const start = select("Weights at the start", Object.keys(studies).map((name) => [name, name]), (name) => set("start", name));
  const moment = slider("Steps of training", {
    min: 0, max: steps.length - 1, step: 1, words: (i) => String(steps[i]), change: (i) => set("moment", i),
  });
  const report = html("output", { "aria-live": "polite" });

  function draw() {
    const [study, now] = [studies[model.get("start")], model.get("moment")];
    units.forEach(([trail, dot], j) => {
      trail.setAttribute("d", chart.path(study.units.slice(0, now + 1).map((row) => row[j])));
      dot.setAttribute("cx", chart.px(study.units[now][j][0]));
      dot.setAttribute("cy", chart.py(study.units[now][j][1]));
    });
    start.input.value = model.get("start");
    moment.set(now);
    const places = study.places[now];
    const crowd = places === 1 ? "all six units are the same" : `${places} of six units are different`;
    const words = `After ${steps[now]} steps ${crowd}. Loss ${fixed(study.loss[now], 3)}, ` +
      `${fixed(100 * study.accuracy[now], 0)} % of the points right.`;
    report.textContent = words;
    chart.root.setAttribute("aria-label", `Six hidden units in the plane of their two input weights, start: ` +
      `${model.get("start")}. ${words}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Who leaves the crowd" },
    chart.root, html("div", { class: "controls" }, start.label, moment.label), report));
  const redraw = () => draw();
  for (const name of ["start", "moment"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

// One feature over many batches that drift: the batch's statistics, the running ones, and what either makes of the batch.

function render({ model, el }) {
  const batches = model.get("batches");
  const steps = Object.values(batches)[0].length;
  const epsilon = 1e-5;
  const ticks = (numbers) => numbers.map((n) => [n, minus(String(n))]);
  const raw = plot({
    x: [-1, steps], y: [-4, 13], xTicks: ticks([0, 20, 40, 60]), yTicks: ticks([-4, 0, 4, 8, 12]), xLabel: "batch",
    yLabel: "feature x", height: 270,
  });
  const dots = svg("path", { class: "line grey", style: "stroke-width:3.5px;stroke-linecap:round" });
  const band = svg("path", { class: "line orange thin dashed" });
  const running = svg("path", { class: "line orange dashed" });
  const means = svg("path", { class: "line blue" });
  const now = svg("path", { class: "line grey thin" });
  raw.layer.append(now, dots, band, running, means);
  const out = plot({
    x: [-6, 10], y: [0.4, 2.6], xTicks: ticks([-4, 0, 4, 8]), yTicks: [[2, "train"], [1, "predict"]],
    xLabel: "output γ x̂ + β of this batch", yLabel: "", height: 140,
  });
  const rows = ["blue", "orange"].map((color) => svg("path", { class: `line ${color}`, style: "stroke-width:7px;stroke-linecap:round" }));
  const zero = svg("path", { class: "line grey thin", d: out.path([[0, 0], [0, 3]]) });
  out.layer.append(zero, ...rows);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const drift = select("Drift", Object.keys(batches).map((name) => [name, name]), (name) => set("drift", name));
  const step = slider("Batches seen", { min: 1, max: steps, step: 1, words: (n) => String(n), change: (n) => set("step", n) });
  const momentum = slider("Momentum", {
    min: 0.02, max: 1, step: 0.02, words: (m) => fixed(m), change: (m) => set("momentum", m),
  });
  const gamma = slider("γ", { min: 0, max: 2, step: 0.1, words: (g) => fixed(g, 1), change: (g) => set("gamma", g) });
  const beta = slider("β", { min: -2, max: 2, step: 0.1, words: (b) => fixed(b, 1), change: (b) => set("beta", b) });
  const key = html("ul", { class: "key" }, ...[["blue", "mean of the batch"], ["orange dashed", "running mean"],
    ["orange thin dashed", "± running deviation"]].map(([look, text]) =>
    html("li", {}, svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svg("path", { class: `line ${look}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });

  const statistics = (x) => {
    const mean = x.reduce((sum, each) => sum + each, 0) / x.length;
    return [mean, x.reduce((sum, each) => sum + (each - mean) ** 2, 0) / x.length];
  };
  const marks = (chart, points) => points.map(([x, y]) => chart.path([[x, y], [x, y]]).replace(/L.*$/, "h.01")).join("");

  function draw() {
    const [kind, count, share, g, b] = ["drift", "step", "momentum", "gamma", "beta"].map((name) => model.get(name));
    const seen = batches[kind].slice(0, count);
    let [mean, variance] = [0, 1];
    const history = seen.map((x) => {
      const [m, v] = statistics(x);
      mean += share * (m - mean);
      variance += share * ((v * x.length) / (x.length - 1) - variance);
      return { m, v, mean, deviation: Math.sqrt(variance) };
    });
    const { m, v } = history.at(-1);
    const x = seen.at(-1);
    const training = x.map((each) => (g * (each - m)) / Math.sqrt(v + epsilon) + b);
    const predicting = x.map((each) => (g * (each - mean)) / Math.sqrt(variance + epsilon) + b);
    dots.setAttribute("d", marks(raw, seen.flatMap((batch, i) => batch.map((each) => [i, each]))));
    means.setAttribute("d", raw.path(history.map((each, i) => [i, each.m])));
    running.setAttribute("d", raw.path(history.map((each, i) => [i, each.mean])));
    band.setAttribute("d", [1, -1].map((sign) => raw.path(history.map((each, i) => [i, each.mean + sign * each.deviation]))).join(""));
    now.setAttribute("d", raw.path([[count - 1, -4], [count - 1, 13]]));
    rows[0].setAttribute("d", marks(out, training.map((each) => [each, 2])));
    rows[1].setAttribute("d", marks(out, predicting.map((each) => [each, 1])));
    drift.input.value = kind;
    for (const [control, value] of [[step, count], [momentum, share], [gamma, g], [beta, b]]) control.set(value);
    const told = [training, predicting].map(statistics).map(([middle, square]) => `${fixed(middle + 0)} ± ${fixed(Math.sqrt(square))}`);
    const words = `Batch ${count}: mean ${fixed(m)}, deviation ${fixed(Math.sqrt(v))}; running ${fixed(mean)}, ${fixed(Math.sqrt(variance))}. ` +
      `Outputs while training ${told[0]}, while predicting ${told[1]}.`;
    report.textContent = words.replaceAll("−0.00", "0.00");
    raw.root.setAttribute("aria-label", `A feature over ${count} batches of 16, drift: ${kind}. ${report.textContent}`);
    out.root.setAttribute("aria-label", `Outputs of the newest batch, in training above, in prediction below. ${report.textContent}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "A drifting batch" },
    raw.root, key, out.root, html("div", { class: "controls" }, drift.label, step.label, momentum.label, gamma.label, beta.label), report));
  const redraw = () => draw();
  for (const name of ["drift", "step", "momentum", "gamma", "beta"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

// A hundred outputs of one under dropout: the newest mask, and a histogram of the sums under all masks drawn so far.

function render({ model, el }) {
  const [outputs, side, most] = [100, 10, 2000];
  const grid = plot({ x: [0, side], y: [0, side], xTicks: [], yTicks: [], xLabel: "", yLabel: "", width: 300, height: 282 });
  const cells = Array.from({ length: outputs }, (_, i) => svg("circle", {
    cx: grid.px((i % side) + 0.5), cy: grid.py(side - 0.5 - Math.floor(i / side)),
  }));
  grid.layer.append(...cells);
  const sumTicks = [0, 50, 100, 150, 200].map((n) => [n, String(n)]);
  const chart = plot({
    x: [0, 200], y: [0, 1.15], xTicks: sumTicks, yTicks: [], xLabel: "sum of the 100 outputs", yLabel: "masks", height: 190,
  });
  const bars = svg("path", { class: "fill blue" });
  const full = svg("path", { class: "line orange dashed", d: chart.path([[100, 0], [100, 1.15]]) });
  chart.layer.append(bars, full);

  const set = (values) => {
    for (const [name, to] of Object.entries(values)) model.set(name, to);
    model.save_changes();
    draw();
  };
  const rate = slider("Rate", {
    min: 0, max: 0.9, step: 0.05, words: (r) => fixed(r), change: (r) => set({ rate: r, drawn: 1 }),
  });
  const forms = [["inverted", "inverted, training"], ["classic", "classic, training"],
    ["prediction, inverted", "inverted, prediction"], ["prediction, classic", "classic, prediction"]];
  const form = select("Form", forms, (name) => set({ form: name, drawn: 1 }));
  const draw1 = button("Draw a mask", () => set({ drawn: Math.min(most, model.get("drawn") + 1) }));
  const draw100 = button("Draw 100 masks", () => set({ drawn: Math.min(most, model.get("drawn") + 100) }));
  const again = button("Start again", () => set({ drawn: 1, seed: model.get("seed") + 1 }));
  const report = html("output", { "aria-live": "polite" });

  function draw() {
    const [p, kind, count, seed] = ["rate", "form", "drawn", "seed"].map((name) => model.get(name));
    const predicting = kind.startsWith("prediction");
    const factor = kind === "inverted" ? 1 / (1 - p) : kind === "prediction, classic" ? 1 - p : 1;
    const uniform = generator(seed);
    const sums = [];
    let kept = [];
    for (let k = 0; k < (predicting ? 1 : count); k += 1) {
      kept = Array.from({ length: outputs }, () => predicting || uniform() >= p);
      sums.push(factor * kept.filter(Boolean).length);
    }
    cells.forEach((cell, i) => {
      cell.setAttribute("r", kept[i] ? 5 + 3 * Math.min(factor, 2) : 3);
      cell.setAttribute("class", kept[i] ? "fill blue" : "line grey thin");
    });
    const counts = new Map();
    for (const sum of sums) counts.set(Math.round(sum / 5), (counts.get(Math.round(sum / 5)) ?? 0) + 1);
    const highest = Math.max(...counts.values());
    const box = ([at, n]) => chart.path([[5 * at - 2.2, 0], [5 * at - 2.2, n / highest], [5 * at + 2.2, n / highest], [5 * at + 2.2, 0]]);
    bars.setAttribute("d", [...counts].map(box).join(""));
    rate.set(p);
    form.input.value = kind;
    draw1.disabled = draw100.disabled = predicting || count >= most;
    const [dropped, last] = [kept.filter((each) => !each).length, sums.at(-1)];
    const mean = sums.reduce((total, sum) => total + sum, 0) / sums.length;
    const spread = Math.sqrt(sums.reduce((total, sum) => total + (sum - mean) ** 2, 0) / sums.length);
    const expected = kind === "inverted" || kind === "prediction, inverted" ? 100 : 100 * (1 - p);
    const words = predicting ? `Prediction: nothing is dropped, every output times ${fixed(factor)}, sum ${fixed(last, 1)}.`
      : `Mask ${count}: ${dropped} of 100 outputs dropped, the others times ${fixed(factor)}, sum ${fixed(last, 1)}. ` +
        `Mean of ${count} sums ${fixed(mean, 1)}, spread ${fixed(spread, 1)}; expected ${fixed(expected, 1)}.`;
    report.textContent = words;
    grid.root.setAttribute("aria-label", `A hundred outputs as dots. ${words}`);
    chart.root.setAttribute("aria-label", `Histogram of the sums; a dashed line stands at 100. ${words}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Masks of dropout" },
    grid.root, chart.root, html("div", { class: "controls" }, rate.label, form.label,
      html("div", { class: "buttons" }, draw1, draw100, again)), report));
  const redraw = () => draw();
  for (const name of ["rate", "form", "drawn", "seed"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

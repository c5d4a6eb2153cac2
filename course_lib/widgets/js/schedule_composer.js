// Compose a schedule: warm-up, body, cool-down. Below: what it does to noisy descent, exactly (no luck involved).

const cosine = (done) => (1 + Math.cos(Math.PI * done)) / 2;
// Bodies: (first rate, pace P in steps) → rate at step k
const BODIES = {
  "constant": (r) => () => r,
  "linear to 1 %": (r, P) => (k) => r * (1 - 0.99 * Math.min(k / P, 1)),
  "exponential, half every P": (r, P) => (k) => r * 0.5 ** (k / P),
  "steps, half every P": (r, P) => (k) => r * 0.5 ** Math.floor(k / P),
  "fractional, 1/(1 + k/P)": (r, P) => (k) => r / (1 + k / P),
  "piecewise, a fifth at P and 2P": (r, P) => (k) => r * 0.2 ** ((k > P) + (k > 2 * P)),
  "triangular, half period P": (r, P) => (k) => r * (0.01 + 0.99 * (1 - Math.abs((k % (2 * P)) / P - 1))),
  "cosine": (r, P) => (k) => r * cosine(Math.min(k / P, 1)),
  "cosine with warm restarts": (r, P) => (k) => {
    let length = P;
    while (k >= length) { k -= length; length *= 2; }
    return r * cosine(k / length);
  },
};

function render({ model, el }) {
  const [steps, limits, start] = [model.get("steps"), model.get("limits"), model.get("start")];
  const [above, below] = [html("div"), html("div")];
  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const body = select("Body", Object.keys(BODIES).map((name) => [name, name]), (name) => set("body", name));
  const rate = slider("First rate of the body", { min: 0.05, max: 1.5, step: 0.05, words: (r) => fixed(r), change: (r) => set("rate", r) });
  const pace = slider("Its pace P", { min: 25, max: 1000, step: 25, words: (p) => `${p} steps`, change: (p) => set("pace", p) });
  const warm = slider("Warm-up", { min: 0, max: 300, step: 10, words: (n) => `${n} steps`, change: (n) => set("warmup", n) });
  const cool = slider("Cool-down to 0", { min: 0, max: 500, step: 10, words: (n) => `${n} steps`, change: (n) => set("cooldown", n) });
  const report = html("output", { "aria-live": "polite" });

  function rates() {
    const [w, c] = [model.get("warmup"), model.get("cooldown")];
    const main = BODIES[model.get("body")](model.get("rate"), model.get("pace"));
    const warmed = (k) => (k < w ? (main(0) * k) / w : main(k - w));
    return Array.from({ length: steps }, (_, k) => (k < steps - c ? warmed(k) : (warmed(steps - c) * (steps - k)) / c));
  }

  function draw() {
    const all = rates();
    const errors = [start ** 2];
    for (const r of all) errors.push((1 - r) ** 2 * errors.at(-1) + r * r);
    const ticks = [0, 200, 400, 600, 800].map((n) => [n, String(n)]);
    const top = plot({ x: [0, steps], y: [0, 1.6], xTicks: ticks, yTicks: [0, 0.5, 1, 1.5].map((n) => [n, String(n)]), xLabel: "step", yLabel: "learning rate", height: 230 });
    top.layer.append(svg("path", { class: "line blue", d: top.path(all.map((r, k) => [k, r])) }));
    const low = plot({ x: [0, steps], y: [-2, 1.2], xTicks: ticks, yTicks: [-2, -1, 0, 1].map((n) => [n, `10${raised(n)}`]), xLabel: "step", yLabel: "distance", height: 230 });
    const height = (e) => Math.min(5, Math.log10(Math.max(Math.sqrt(e), 1e-9)));
    low.layer.append(svg("path", { class: "line orange", d: low.path(errors.map((e, k) => [k, height(e)])) }));
    above.replaceChildren(top.root);
    below.replaceChildren(low.root);
    const [sum, squares] = [all.reduce((s, r) => s + r, 0), all.reduce((s, r) => s + r * r, 0)];
    body.input.value = model.get("body");
    rate.set(model.get("rate")); pace.set(model.get("pace")); warm.set(model.get("warmup")); cool.set(model.get("cooldown"));
    const end = Math.sqrt(errors.at(-1));
    report.textContent = `Over ${steps} steps the rates add up to ${fixed(sum, 1)}, their squares to ${fixed(squares, 2)}. ` +
      `Distance from the minimum at the end: ${end < 1e4 ? fixed(end, 3) : "it has flown away"}. ` +
      `Continued for ever, the body has ${limits[model.get("body")]}.`;
    top.root.setAttribute("aria-label", `Learning rate over ${steps} steps: ${model.get("body")}, at most ${fixed(Math.max(...all))}, at last ${fixed(all.at(-1), 3)}.`);
    low.root.setAttribute("aria-label", `Root mean square distance from the minimum, starting at ${start}, at the end ${fixed(end, 3)}.`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Schedule composer" }, above, below,
    html("div", { class: "controls" }, body.label, rate.label, pace.label, warm.label, cool.label), report));
  const redraw = () => draw();
  for (const name of ["body", "rate", "pace", "warmup", "cooldown"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

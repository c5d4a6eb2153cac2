// Drag the pole of a first-order filter: step response, frequency response, and a noisy gradient before and after.
// Python gives the noisy gradient and the name of each kind; the filter itself is two multiplications, done here.

// b₀, b₁ of y[n] = p·y[n−1] + b₀·x[n] + b₁·x[n−1]
const KINDS = {
  "unit DC gain (Adam, RMSprop)": (p) => [1 - p, 0],
  "unit input gain (momentum)": () => [1, 0],
  "Nesterov": (p) => [1 + p, -p],
};

function filtered(x, p, [b0, b1]) {
  let [y, last] = [0, 0];
  return x.map((now) => { y = p * y + b0 * now + b1 * last; last = now; return y; });
}

function render({ model, el }) {
  const [noisy, clean] = [model.get("noisy"), model.get("clean")];
  const names = Object.keys(KINDS);
  const [plane, step, frequency, signal] = [html("div"), html("div"), html("div"), html("div")];
  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const kind = select("Filter", names.map((name) => [name, name]), (name) => set("kind", name));
  const pole = slider("Pole", { min: 0, max: 0.99, step: 0.01, words: (p) => fixed(p), change: (p) => set("pole", p) });
  const key = (rows) => html("ul", { class: "key" }, ...rows.map(([look, text]) => html("li", {},
    svg("svg", { width: 30, height: 10, "aria-hidden": "true" }, svg("path", { class: `line ${look}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });

  const ring = svg("circle", { class: "ring", r: 7 });
  const cross = svg("path", { class: "cross" });
  const handle = svg("circle", { class: "grab", r: 22 });
  const circle = plot({
    x: [-1.3, 1.3], y: [-1.3, 1.3], xTicks: [-1, 0, 1].map((n) => [n, minus(String(n))]), yTicks: [-1, 0, 1].map((n) => [n, minus(String(n))]),
    xLabel: "real part of z", yLabel: "imaginary part", width: 300, height: 282,
  });
  const [r, cy] = [circle.px(1) - circle.px(0), circle.py(0)];
  circle.layer.append(svg("circle", { class: "circle", r, cx: circle.px(0), cy }), svg("path", { class: "line grey thin", d: circle.path([[-1.3, 0], [1.3, 0]]) }),
    ring, cross, handle);
  plane.append(circle.root);
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const move = (moved) => {
      const box = circle.root.getBoundingClientRect();
      const at = ((moved.clientX - box.left) * 300) / box.width - 66; // the layer begins 66 from the edge and is 220 wide
      const p = -1.3 + (2.6 * at) / 220;
      set("pole", Math.min(0.99, Math.max(0, Math.round(100 * p) / 100)));
    };
    const end = () => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); removeEventListener("pointercancel", end); };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  });

  function chart(box, options, curves) {
    const made = plot({ width: 300, height: 282, ...options });
    for (const [look, points] of curves) made.layer.append(svg("path", { class: `line ${look}`, d: made.path(points) }));
    box.replaceChildren(made.root);
    return made.root;
  }
  const round = (number) => Number(number.toPrecision(2));

  function draw() {
    const [p, name] = [model.get("pole"), model.get("kind")];
    const b = KINDS[name](p);
    const gain = (b[0] + b[1]) / (1 - p);
    const zero = name === names[2] ? p / (1 + p) : 0;
    const [cx, zx] = [circle.px(p), circle.px(zero)];
    cross.setAttribute("d", `M${cx - 6} ${cy - 6}l12 12m0 -12l-12 12`);
    ring.setAttribute("cx", zx); ring.setAttribute("cy", cy);
    handle.setAttribute("cx", cx); handle.setAttribute("cy", cy);
    circle.root.setAttribute("aria-label", `The unit circle of z: pole at ${fixed(p)}, zero at ${fixed(zero)}.`);

    const ones = Array(60).fill(1);
    const answer = filtered(ones, p, b);
    const top = Math.max(gain, b[0], 1) * 1.1;
    chart(step, { x: [0, 60], y: [0, top], xTicks: [0, 20, 40, 60].map((n) => [n, String(n)]), yTicks: [0, round(top / 2), round(top)].map((n) => [n, String(n)]),
      xLabel: "step", yLabel: "step response" }, [["blue", answer.map((y, n) => [n, y])], ["orange dashed", ones.map((_, n) => [n, 1])]])
      .setAttribute("aria-label", `Step response: from ${fixed(answer[0])} to ${fixed(answer.at(-1))} after 60 steps, towards ${fixed(gain)}. Compensated it is 1.`);

    const size = (w) => Math.sqrt((b[0] ** 2 + b[1] ** 2 + 2 * b[0] * b[1] * Math.cos(w)) / (1 + p * p - 2 * p * Math.cos(w)));
    const grid = Array.from({ length: 101 }, (_, i) => i / 100);
    const ends = [size(0), size(Math.PI)];
    chart(frequency, { x: [0, 1], y: [-2.5, 2.2], xTicks: [0, 0.5, 1].map((n) => [n, String(n)]), yTicks: [-2, -1, 0, 1, 2].map((n) => [n, `10${raised(n)}`]),
      xLabel: "frequency ω / π", yLabel: "gain |H|" }, [["blue", grid.map((w) => [w, Math.log10(size(Math.PI * w))])]])
      .setAttribute("aria-label", `Gain over frequency: ${fixed(ends[0])} for what never changes, ${fixed(ends[1], 3)} for what alternates.`);

    const smooth = filtered(noisy, p, b);
    const whole = filtered(noisy.map(() => 1), p, b);
    const mended = smooth.map((y, n) => y / whole[n]);
    const high = 2.2 * Math.max(1, gain * (gain > 1 ? 0.6 : 1));
    const series = (values) => values.map((y, n) => [n, y]);
    chart(signal, { width: 460, height: 270, x: [0, noisy.length], y: [-high, high], xTicks: [0, 20, 40, 60, 80, 100].map((n) => [n, String(n)]),
      yTicks: [-round(high / 2), 0, round(high / 2)].map((n) => [n, minus(String(n))]), xLabel: "step", yLabel: "gradient" },
      [["grey thin", series(noisy)], ["green dotted", series(clean)], ["blue", series(smooth)], ["orange dashed", series(mended)]])
      .setAttribute("aria-label", `A noisy cosine, filtered. At step 1 the cosine is ${fixed(clean[0])}, the filter's output ${fixed(smooth[0])}, compensated ${fixed(mended[0])}.`);

    const error = Math.sqrt(mended.reduce((sum, y, n) => sum + (y - clean[n]) ** 2, 0) / clean.length);
    pole.set(p); kind.input.value = name;
    report.textContent = `Pole ${fixed(p)}, zero ${fixed(zero)}: gain ${fixed(ends[0])} for a constant, ${fixed(ends[1], 3)} for an alternating input; ` +
      `the newest value counts ${fixed(b[0])}. First output ${fixed(smooth[0])}, compensated ${fixed(mended[0])}. Compensated, it misses the cosine by ${fixed(error, 3)} (root mean square).`;
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Filter view" },
    html("div", { class: "controls" }, kind.label, pole.label), html("div", { class: "panels" }, plane, step, frequency,
      key([["grey thin", "noisy gradient"], ["green dotted", "without noise"], ["blue", "filtered"], ["orange dashed", "compensated"]])), signal, report));
  const redraw = () => draw();
  for (const name of ["kind", "pole"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

// Up to three optimizers race over a surface. Python gives the contour lines and every optimizer's settings;
// the paths are computed here, so that each setting and the start can be changed.

const FUNCTIONS = {
  saddle: { value: (x, y) => x * x - y * y, gradient: (x, y) => [2 * x, -2 * y] },
  valley: { value: (x, y) => (x * x + 30 * y * y) / 2, gradient: (x, y) => [x, 30 * y] },
  Beale: {
    value: (x, y) => beale(x, y).reduce((sum, [r]) => sum + r * r, 0),
    gradient: (x, y) => [1, 2].map((i) => beale(x, y).reduce((sum, part) => sum + 2 * part[0] * part[i], 0)),
  },
  Rosenbrock: {
    value: (x, y) => (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    gradient: (x, y) => [2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x)],
  },
};
// Beale's three residuals, each with its slopes by x and y
const beale = (x, y) => [1.5, 2.25, 2.625].map((c, i) => [c - x + x * y ** (i + 1), y ** (i + 1) - 1, x * (i + 1) * y ** i]);

// One rule for each coordinate: settings → (gradient, weight) → change of the weight.
const RULES = {
  SGD: ({ lr }) => (g) => -lr * g,
  Momentum: ({ lr, mu }) => { let v = 0; return (g) => (v = mu * v - lr * g); },
  Nesterov: ({ lr, mu }) => { let v = 0; return (g) => { v = mu * v - lr * g; return mu * v - lr * g; }; },
  Adagrad: ({ lr }) => { let s = 0; return (g) => { s += g * g; return (-lr * g) / (Math.sqrt(s) + 1e-8); }; },
  RMSprop: ({ lr, rho }) => {
    let s = 0;
    return (g) => { s = rho * s + (1 - rho) * g * g; return (-lr * g) / (Math.sqrt(s) + 1e-8); };
  },
  Adadelta: ({ lr, rho }) => {
    let [s, d] = [0, 0];
    return (g) => {
      s = rho * s + (1 - rho) * g * g;
      const step = (Math.sqrt(d + 1e-6) / Math.sqrt(s + 1e-6)) * g;
      d = rho * d + (1 - rho) * step * step;
      return -lr * step;
    };
  },
  Adam: (set) => family(set, ({ lr, m, v, c1, c2 }) => (-lr * (m / c1)) / (Math.sqrt(v / c2) + 1e-8)),
  AdamW: (set) => family(set, ({ lr, m, v, c1, c2, w, decay }) => -lr * decay * w - (lr * (m / c1)) / (Math.sqrt(v / c2) + 1e-8)),
  AMSGrad: (set) => {
    let top = 0;
    return family(set, ({ lr, m, v }) => { top = Math.max(top, v); return (-lr * m) / (Math.sqrt(top) + 1e-8); });
  },
  Nadam: (set) => {
    let product = 1;
    const mu = (t) => set.beta1 * (1 - 0.5 * 0.96 ** (0.004 * t));
    return family(set, ({ lr, g, m, v, c2, t }) => {
      product *= mu(t);
      const ahead = (mu(t + 1) * m) / (1 - product * mu(t + 1)) + ((1 - mu(t)) * g) / (1 - product);
      return (-lr * ahead) / (Math.sqrt(v / c2) + 1e-8);
    });
  },
  Adamax: (set) => {
    let u = 0;
    return family(set, ({ lr, g, m, c1, beta2 }) => { u = Math.max(beta2 * u, Math.abs(g)); return (-lr * m) / c1 / (u + 1e-8); });
  },
  QHAdam: (set) => family(set, ({ lr, g, m, v, c1, c2, nu1, nu2 }) =>
    (-lr * ((1 - nu1) * g + nu1 * (m / c1))) / (Math.sqrt((1 - nu2) * g * g + nu2 * (v / c2)) + 1e-8)),
};
// The two averages and their compensations, for Adam and its relatives
function family(set, change) {
  let [m, v, t] = [0, 0, 0];
  return (g, w) => {
    t += 1;
    m = set.beta1 * m + (1 - set.beta1) * g;
    v = set.beta2 * v + (1 - set.beta2) * g * g;
    return change({ ...set, g, w, m, v, t, c1: 1 - set.beta1 ** t, c2: 1 - set.beta2 ** t });
  };
}

function run(surface, lane, start, steps) {
  const rules = start.map(() => RULES[lane.name](lane.values));
  let w = [...start];
  const path = [w];
  for (let k = 0; k < steps; k++) {
    const g = FUNCTIONS[surface].gradient(...w);
    w = w.map((each, i) => each + rules[i](g[i], each));
    if (!(Math.max(...w.map(Math.abs)) < 1e6)) break;
    path.push(w);
  }
  return path;
}

const LOOKS = [["blue", ""], ["orange", "dashed"], ["green", "dotted"]];

function render({ model, el }) {
  const [surfaces, optimizers] = [model.get("surfaces"), model.get("optimizers")];
  const most = 300;
  const map = html("div");
  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const setLane = (i, lane) => set("lanes", model.get("lanes").map((each, j) => (i === j ? lane : each)));
  const place = () => [model.get("x"), model.get("y")];
  const start = (name) => { model.set("x", surfaces[name].start[0]); model.set("y", surfaces[name].start[1]); };

  const surface = select("Surface", Object.keys(surfaces).map((name) => [name, name]), (name) => { start(name); set("surface", name); });
  const steps = slider("Steps", { min: 0, max: most, step: 1, words: String, change: (k) => set("steps", k) });
  const axis = (name, key) => slider(name, { min: 0, max: 100, step: 1, words: () => fixed(model.get(key)), change: (p) => {
    const [low, high] = surfaces[model.get("surface")].window.slice(key === "x" ? 0 : 2);
    set(key, low + ((high - low) * p) / 100);
  } });
  const [startX, startY] = [axis("Start x", "x"), axis("Start y", "y")];
  let timer = null;
  const stop = () => { cancelAnimationFrame(timer); timer = null; };
  const go = button("Run from step 0", () => {
    stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return set("steps", most);
    model.set("steps", 0);
    const tick = () => {
      set("steps", Math.min(model.get("steps") + 2, most));
      timer = model.get("steps") < most && el.isConnected ? requestAnimationFrame(tick) : null;
    };
    tick();
  });
  const back = button("Start where it was", () => { stop(); start(model.get("surface")); draw(); model.save_changes(); });

  const lanes = model.get("lanes").map((_, i) => {
    const [color, dash] = LOOKS[i];
    const words = html("span");
    const sample = svg("svg", { width: 30, height: 10, "aria-hidden": "true" }, svg("path", { class: `line ${color} ${dash}`, d: "M0 5H30" }));
    const which = select(`Optimizer ${i + 1}`, ["none", ...optimizers.map((each) => each.name)].map((name) => [name, name]), (name) => {
      setLane(i, { name, values: defaults(name, model.get("surface")) });
    });
    const dials = html("div", { class: "controls" });
    const box = html("details", i ? {} : { open: "" }, html("summary", {}, sample, words), html("div", { class: "controls" }, which.label), dials);
    return { words, which, dials, box, shown: null, sliders: {} };
  });
  const report = html("output", { "aria-live": "polite" });

  function defaults(name, on) {
    const settings = optimizers.find((each) => each.name === name)?.settings ?? [];
    return Object.fromEntries(settings.map(({ key, value }) => [key, key === "lr" ? surfaces[on].rates[name] : value]));
  }

  function drawDials(lane, i) {
    const { name, values } = model.get("lanes")[i];
    const own = lanes[i];
    const settings = optimizers.find((each) => each.name === name)?.settings ?? [];
    if (own.shown !== name) {
      own.sliders = Object.fromEntries(settings.map(({ key, symbol, choices }) => [key, slider(symbol, {
        min: 0, max: choices.length - 1, step: 1, words: (at) => String(choices[at]),
        change: (at) => { const now = model.get("lanes")[i]; setLane(i, { ...now, values: { ...now.values, [key]: choices[at] } }); },
      })]));
      own.dials.replaceChildren(...Object.values(own.sliders).map((each) => each.label));
      own.shown = name;
    }
    for (const { key, choices } of settings) own.sliders[key].set(choices.indexOf(values[key]));
    own.which.input.value = name;
    own.words.textContent = name === "none" ? "nobody" : `${name}, ${settings.map(({ key, symbol }) => `${symbol} = ${values[key]}`).join(", ")}`;
  }

  function draw() {
    const name = model.get("surface");
    const { window: [x0, x1, y0, y1], contours, minimum, formula, ticks } = surfaces[name];
    const label = (numbers) => numbers.map((n) => [n, minus(String(n))]);
    const chart = plot({ x: [x0, x1], y: [y0, y1], xTicks: label(ticks[0]), yTicks: label(ticks[1]), xLabel: "x", yLabel: "y", height: 370 });
    chart.layer.append(svg("path", { class: "line grey contour", d: contours.map(chart.path).join("") }));
    if (minimum) chart.layer.append(svg("path", { class: "star", d: `M${chart.px(minimum[0])} ${chart.py(minimum[1])}m-6 0h12m-6 -6v12m-4.5 -10.5l9 9m0 -9l-9 9` }));
    const now = model.get("steps");
    const told = [];
    model.get("lanes").forEach((lane, i) => {
      drawDials(lane, i);
      if (lane.name === "none") return;
      const path = run(name, lane, place(), now);
      const [color, dash] = LOOKS[i];
      const near = path.filter(([x, y]) => Math.abs(x) < 1e4 && Math.abs(y) < 1e4);
      chart.layer.append(svg("path", { class: `line ${color} ${dash}`, d: chart.path(near) }));
      const end = path.at(-1);
      if (near.length === path.length) chart.layer.append(svg("circle", { class: `fill ${color}`, r: 5, cx: chart.px(end[0]), cy: chart.py(end[1]) }));
      const height = FUNCTIONS[name].value(...end);
      const gone = path.length <= now;
      const small = Math.abs(height) < 0.01 && height !== 0;
      told.push(`${lane.name} ${gone ? "has flown away" : `at (${fixed(end[0], 3)}, ${fixed(end[1], 3)}), f = ${small ? scientific(height) : fixed(height, 3)}`}`);
    });
    const [px, py] = [chart.px(model.get("x")), chart.py(model.get("y"))];
    const ring = svg("circle", { class: "outline", r: 7, cx: px, cy: py });
    const handle = svg("circle", { class: "grab", r: 22, cx: px, cy: py });
    chart.layer.append(ring, handle);
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const move = (moved) => {
        const box = map.firstChild.getBoundingClientRect(); // the layer begins 66 and 10 from the edge, see plot.js
        const at = [((moved.clientX - box.left) * 460) / box.width - 66, ((moved.clientY - box.top) * 370) / box.height - 10];
        const clip = (value, low, high) => Math.min(high, Math.max(low, value));
        model.set("x", clip(x0 + ((x1 - x0) * at[0]) / 380, x0, x1));
        set("y", clip(y1 - ((y1 - y0) * at[1]) / 308, y0, y1));
      };
      const end = () => { removeEventListener("pointermove", move); removeEventListener("pointerup", end); removeEventListener("pointercancel", end); };
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
      addEventListener("pointercancel", end);
    });
    map.replaceChildren(chart.root);
    surface.input.value = name;
    steps.set(now);
    startX.set(Math.round((100 * (model.get("x") - x0)) / (x1 - x0)));
    startY.set(Math.round((100 * (model.get("y") - y0)) / (y1 - y0)));
    report.textContent = `${name}, f = ${formula}, after ${now} steps: ${told.join("; ")}.`;
    chart.root.setAttribute("aria-label", `Contour map with the paths of the optimizers. ${report.textContent}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Optimizer race" }, map,
    html("div", { class: "controls" }, surface.label, steps.label, html("div", { class: "buttons" }, go, back), startX.label, startY.label),
    ...lanes.map((lane) => lane.box), report));
  const redraw = () => draw();
  for (const name of ["surface", "steps", "x", "y", "lanes"]) model.on(`change:${name}`, redraw);
  draw();
  return () => { stop(); model.off(null, redraw); };
}

export default { render };

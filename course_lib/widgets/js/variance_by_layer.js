// A random network, run in the browser: variance of the outputs and mean square of the gradient, layer by layer.
// The same numbers as `variances_by_layer` in Python: same generator, same order.

const KINDS = {
  linear: [(s) => s, () => 1],
  tanh: [Math.tanh, (s, a) => 1 - a * a],
  sigmoid: [(s) => 1 / (1 + Math.exp(-s)), (s, a) => a * (1 - a)],
  relu: [(s) => Math.max(0, s), (s) => (s > 0 ? 1 : 0)],
  leaky_relu: [(s) => (s > 0 ? s : 0.1 * s), (s) => (s > 0 ? 1 : 0.1)],
  selu: [
    (s) => 1.0507009873554805 * (s > 0 ? s : 1.6732632423543772 * Math.expm1(s)),
    (s) => 1.0507009873554805 * (s > 0 ? 1 : 1.6732632423543772 * Math.exp(s)),
  ],
};

// A (rows, width) times the layer's weights, or times their transpose, both row after row.
function multiply(A, W, start, width, factor, transposed) {
  const out = new Float64Array(A.length);
  for (let row = 0; row < A.length; row += width)
    for (let i = 0; i < width; i += 1) {
      const at = start + i * width;
      if (transposed) {
        let sum = 0;
        for (let j = 0; j < width; j += 1) sum += A[row + j] * W[at + j];
        out[row + i] = factor * sum;
      } else {
        const a = factor * A[row + i];
        if (a !== 0) for (let j = 0; j < width; j += 1) out[row + j] += a * W[at + j];
      }
    }
  return out;
}

const mean = (values, f) => values.reduce((sum, value) => sum + f(value), 0) / values.length;

function simulate(unit, kind, scale, depth, width, batch) {
  const [f, slope] = KINDS[kind];
  const [size, factor] = [batch * width, scale / Math.sqrt(width)];
  let a = unit.subarray(0, size);
  let G = unit.subarray(size, 2 * size);
  const kept = [];
  for (let layer = 0; layer < depth; layer += 1) {
    const s = multiply(a, unit, 2 * size + layer * width * width, width, factor, false);
    a = s.map(f);
    kept.push([s, a]);
  }
  const forward = kept.map(([, out]) => {
    const middle = mean(out, (value) => value);
    return mean(out, (value) => (value - middle) ** 2);
  });
  const backward = [];
  for (let layer = depth - 1; layer >= 0; layer -= 1) {
    const [s, out] = kept[layer];
    const delta = G.map((g, i) => g * slope(s[i], out[i]));
    backward.unshift(mean(delta, (value) => value ** 2));
    G = multiply(delta, unit, 2 * size + layer * width * width, width, factor, true);
  }
  return { forward, backward };
}

// What the variance argument predicts for very wide layers: averages over a normal s of variance q.
function predict(kind, scale, depth) {
  const [f, slope] = KINDS[kind];
  const grid = Array.from({ length: 401 }, (_, i) => -8 + i * 0.04);
  const weight = grid.map((z) => (0.04 * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI));
  const average = (g) => grid.reduce((sum, z, i) => sum + weight[i] * g(z), 0);
  const [forward, factors] = [[], []];
  let square = 1;
  for (let layer = 0; layer < depth; layer += 1) {
    const root = scale * Math.sqrt(square);
    const middle = average((z) => f(root * z));
    square = average((z) => f(root * z) ** 2);
    forward.push(square - middle ** 2);
    factors.push(average((z) => slope(root * z, f(root * z)) ** 2));
  }
  const backward = [];
  let through = 1;
  for (let layer = depth - 1; layer >= 0; layer -= 1) {
    through *= factors[layer] * (layer < depth - 1 ? scale ** 2 : 1);
    backward.unshift(through);
  }
  return { forward, backward };
}

function render({ model, el }) {
  const [width, batch] = [model.get("width"), model.get("batch")];
  const [deepest, low, high] = [50, -12, 8];
  const powers = [-12, -8, -4, 0, 4, 8].map((n) => [n, `10${raised(n)}`]);
  const chart = plot({
    x: [0, deepest + 1], y: [low - 0.5, high + 0.5], xTicks: [1, 10, 20, 30, 40, 50].map((n) => [n, String(n)]),
    yTicks: powers, xLabel: "layer (1 is next to the input)", yLabel: "variance, mean square",
  });
  const even = svg("path", { class: "line grey thin", d: chart.path([[0, 0], [deepest + 1, 0]]) });
  const looks = { forward: ["blue", ""], backward: ["orange", "dashed"] };
  const lines = Object.fromEntries(Object.entries(looks).map(([way, [color, dash]]) =>
    [way, svg("path", { class: `line ${color} ${dash}` })]));
  const theory = Object.fromEntries(Object.entries(looks).map(([way, [color]]) =>
    [way, svg("path", { class: `line thin dotted ${color}` })]));
  chart.layer.append(even, theory.forward, theory.backward, lines.forward, lines.backward);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const names = model.get("activations").map((name) => [name, name.replace("_", " ")]);
  const activation = select("Activation", names, (name) => set("activation", name));
  const scale = slider("Scale κ of the weights", {
    min: 0.1, max: 4, step: 0.01, words: (k) => `${fixed(k)} / √n`, change: (k) => set("scale", k),
  });
  const depth = slider("Depth", {
    min: 10, max: deepest, step: 1, words: (d) => `${d} layers`, change: (d) => set("depth", d),
  });
  const one = button("κ = 1 (LeCun, Glorot)", () => set("scale", 1));
  const two = button("κ = √2 (He)", () => set("scale", 1.41));
  const again = button("Draw new weights", () => set("seed", model.get("seed") + 1));
  const key = html("ul", { class: "key" }, ...[["blue", "variance of the outputs"],
    ["orange dashed", "mean square of δ"], ["grey thin dotted", "predicted for wide layers"]].map(([look, text]) =>
    html("li", {}, svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svg("path", { class: `line ${look}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });

  let [drawn, unit] = [null, null];
  const height = (value) => Math.min(high + 2, Math.max(low - 2, Math.log10(Math.max(value, 1e-99))));
  const points = (values) => values.map((value, i) => [i + 1, height(value)]);
  const plain = (number) => (number >= 0.01 && number < 1000 ? fixed(number, 2) : scientific(number));
  const fate = (factor) => (factor < 0.9 ? "shrinks" : factor > 1.1 ? "grows" : "keeps its size, more or less");

  function draw() {
    const [kind, k, d, seed] = ["activation", "scale", "depth", "seed"].map((name) => model.get(name));
    if (drawn !== seed) [drawn, unit] = [seed, normals(seed, 2 * batch * width + deepest * width * width)];
    const [found, expected] = [simulate(unit, kind, k, d, width, batch), predict(kind, k, d)];
    for (const way of ["forward", "backward"]) {
      lines[way].setAttribute("d", chart.path(points(found[way])));
      theory[way].setAttribute("d", chart.path(points(expected[way])));
    }
    activation.input.value = kind;
    scale.set(k);
    depth.set(d);
    const [first, last] = [found.forward[0], found.forward[d - 1]];
    const [top, bottom] = [found.backward[d - 1], found.backward[0]];
    const words = `Outputs: variance ${plain(first)} in layer 1, ${plain(last)} in layer ${d}. ` +
      `Gradient: mean square ${plain(top)} in layer ${d}, ${plain(bottom)} in layer 1.`;
    const [ahead, back] = [last / first, bottom / top].map((ratio) => ratio ** (1 / (d - 1)));
    report.textContent = `${words} From layer to layer the variance ${fate(ahead)}, a factor of ${plain(ahead)}; ` +
      `on the way back the gradient ${fate(back)}, a factor of ${plain(back)}.`;
    chart.root.setAttribute("aria-label", `Variance of the outputs and mean square of the gradient over ${d} layers, ` +
      `${kind.replace("_", " ")}, scale ${fixed(k)}. ${words}`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Variance through the layers" },
    chart.root, key, html("div", { class: "controls" }, activation.label, scale.label, depth.label,
      html("div", { class: "buttons" }, one, two, again)), report));
  const redraw = () => draw();
  for (const name of ["activation", "scale", "depth", "seed"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

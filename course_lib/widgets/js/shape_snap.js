// Choose two factors: their shapes snap together or refuse, and the product is held against the gradient wanted.

const CELL = 19;

function render({ model, el }) {
  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const factors = Object.keys(model.get("factors")).map((name) => [name, name]);
  const goals = Object.keys(model.get("rules")).map((name) => [name, name]);
  const picture = svg("svg", { role: "img", viewBox: "0 0 340 156", width: 340, height: 156 });
  const wanted = select("Wanted", goals, (name) => set("wanted", name));
  const left = select("Left factor", factors, (name) => set("left", name));
  const right = select("Right factor", factors, (name) => set("right", name));
  const sliders = [["n", "Samples n"], ["d", "Features d"], ["k", "Units k"]].map(([letter, name]) =>
    [letter, slider(name, {
      min: 1, max: 5, step: 1, words: String,
      change: (to) => set("sizes", { ...model.get("sizes"), [letter]: to }),
    })]);
  const report = html("output", { "aria-live": "polite" });
  const size = (letter) => (letter === "1" ? 1 : model.get("sizes")[letter]);

  // A grid of cells with its lower left corner at (x, bottom), its name above, its shape below.
  function matrix(name, [rows, columns], x, color, motion = "") {
    const [w, h, bottom] = [size(columns) * CELL, size(rows) * CELL, 124];
    const group = svg("g", { class: motion });
    group.append(svg("rect", { class: `line ${color}`, x: 0, y: bottom - h, width: w, height: h }));
    let lines = "";
    for (let i = 1; i < size(columns); i++) lines += `M${i * CELL} ${bottom - h}v${h}`;
    for (let i = 1; i < size(rows); i++) lines += `M0 ${bottom - i * CELL}h${w}`;
    group.append(svg("path", { class: `line thin ${color}`, d: lines }));
    group.append(svg("text", { x: w / 2, y: bottom - h - 7, "text-anchor": "middle" }, name));
    group.append(svg("text", { x: w / 2, y: bottom + 20, "text-anchor": "middle" }, `${size(rows)}×${size(columns)}`));
    return svg("g", { transform: `translate(${x} 0)` }, group);
  }

  function draw() {
    const [goal, l, r] = [model.get("wanted"), model.get("left"), model.get("right")];
    const [a, b, target] = [model.get("factors")[l], model.get("factors")[r], model.get("shapes")[goal]];
    const fits = size(a[1]) === size(b[0]);
    const product = [a[0], b[1]];
    const [wl, wr] = [size(a[1]) * CELL, size(b[1]) * CELL];
    const [x, gap] = [14, fits ? 22 : 46];
    const start = x + wl + gap;
    const parts = [matrix(l, a, x, fits ? "blue" : "grey"), matrix(r, b, start, ...(fits ? ["blue", "snap"] : ["grey", "refuse"]))];
    const middle = { x: x + wl + gap / 2, y: 104, "text-anchor": "middle", class: `fill ${fits ? "green" : "orange"}` };
    parts.push(svg("text", middle, fits ? "@" : `${size(a[1])} ≠ ${size(b[0])}`));
    const shape_right = fits && size(product[0]) === size(target[0]) && size(product[1]) === size(target[1]);
    if (fits) {
      parts.push(svg("text", { x: start + wr + 19, y: 104, "text-anchor": "middle" }, "="));
      parts.push(matrix("", product, start + wr + 38, shape_right ? "green" : "orange"));
    }
    picture.replaceChildren(...parts);
    wanted.input.value = goal; left.input.value = l; right.input.value = r;
    for (const [letter, each] of sliders) each.set(size(letter));
    report.textContent = words(goal, [l, r], [a, b], product, target, fits, shape_right);
    picture.setAttribute("aria-label", fits
      ? `${l} and ${r} snap together: ${size(a[0])} by ${size(a[1])} times ${size(b[0])} by ${size(b[1])} gives ` +
        `${size(product[0])} by ${size(product[1])}.`
      : `${l} and ${r} do not fit: ${size(a[1])} columns meet ${size(b[0])} rows.`);
  }

  function words(goal, [l, r], [a, b], product, target, fits, shape_right) {
    if (!fits) return `Refused: ${l} has ${size(a[1])} columns, ${r} has ${size(b[0])} rows.`;
    const got = `${l} @ ${r} snaps together and is ${size(product[0])}×${size(product[1])}; ${goal} must be ` +
      `${size(target[0])}×${size(target[1])}. `;
    if (!shape_right) return got + "The product exists, but it is not the gradient wanted.";
    const rule = model.get("rules")[goal];
    if (rule[0] === l && rule[1] === r) {
      const same = (one, other) => one.every((letter, i) => letter === other[i]);
      const others = Object.entries(model.get("factors"));
      const luck = others.some(([p, c]) => others.some(([q, e]) => !(p === l && q === r) && size(c[1]) === size(e[0]) &&
        size(c[0]) === size(target[0]) && size(e[1]) === size(target[1]) && !same([p, q], rule)));
      return got + "That is the rule." + (luck ? " At these sizes other products have this shape too." : "");
    }
    return got + "The shape is right, and the formula is wrong: only these sizes hide it. Change n, d or k.";
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Matrix shapes" }, picture,
    html("div", { class: "controls" }, wanted.label, left.label, right.label, ...sliders.map(([, each]) => each.label)),
    report));
  const redraw = () => draw();
  for (const name of ["wanted", "left", "right", "sizes"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

// Step through a computation graph: forward one node at a time, then backward in the right order or in your own.
// Values, local derivatives and the true gradients were computed in Python; this file only adds what is passed back.

const [BOX_W, BOX_H, COLUMN, ROW] = [94, 58, 122, 112];
const number = (v) => minus(String(Number(v.toPrecision(4))));
const factor = (v) => (v < 0 ? `(${number(v)})` : number(v));

function render({ model, el }) {
  const nodes = () => model.get("graphs")[model.get("graph")];
  const inner = (all) => all.map((_, i) => i).filter((i) => all[i].parents.length);
  const set = (changes) => {
    for (const [name, to] of Object.entries(changes)) model.set(name, to);
    model.save_changes();
    draw();
  };
  const restart = (changes = {}) => set({ forward: 0, passed: [], ...changes });

  const picture = svg("svg", { role: "img" });
  const graph = select("Graph", Object.keys(model.get("graphs")).map((name) => [name, name]),
    (name) => restart({ graph: name }));
  const order = select("Way back", [["right", "in the right order"], ["own", "in my own order"]],
    (choice) => set({ own_order: choice === "own", passed: [] }));
  const next = button("Next step", () => advance());
  const back = button("One step back", () => {
    if (model.get("passed").length) set({ passed: model.get("passed").slice(0, -1) });
    else set({ forward: Math.max(model.get("forward") - 1, 0) });
  });
  const again = button("Start again", () => restart());
  const own = html("div", { class: "buttons" });
  const report = html("output", { "aria-live": "polite" });

  function advance() {
    const [all, passed] = [nodes(), model.get("passed")];
    if (model.get("forward") < inner(all).length) set({ forward: model.get("forward") + 1 });
    else {
      const left = inner(all).reverse().filter((i) => !passed.includes(i));
      if (left.length) set({ passed: [...passed, left[0]] });
    }
  }

  // Gradients and messages after the nodes `passed` have passed on what they had at their turn.
  function walk(all, passed) {
    const gradient = all.map((_, i) => (i === all.length - 1 ? 1 : 0));
    const sent = new Map();
    let said = "";
    for (const i of passed) {
      const parts = all[i].parents.map(([parent, local], k) => {
        const part = gradient[i] * local;
        sent.set(`${i}-${k}`, part);
        return [parent, local, part];
      });
      const at_turn = gradient[i];
      const words = parts.map(([parent, local, part]) => {
        gradient[parent] += part;
        return `${all[parent].name} receives ${factor(at_turn)} · ${factor(local)} = ${number(part)}` +
          ` and now has ${number(gradient[parent])}`;
      });
      said = `Backward: ${all[i].name} passes on ${number(at_turn)}. ${words.join("; ")}.`;
    }
    return { gradient, sent, said };
  }

  // A button that is switched off would drop the focus: hand it on to one that can be pressed.
  function switchOff(node, off, other) {
    const focused = el.ownerDocument.activeElement === node;
    node.disabled = off;
    if (off && focused) other.focus();
  }

  function draw() {
    const [all, passed] = [nodes(), model.get("passed")];
    const computed = inner(all).slice(0, model.get("forward"));
    const ready = computed.length === inner(all).length;
    const { gradient, sent, said } = walk(all, passed);
    const known = (i) => !all[i].parents.length || computed.includes(i);
    drawGraph(all, { known, ready, gradient, sent, passed });
    graph.input.value = model.get("graph");
    order.input.value = model.get("own_order") ? "own" : "right";
    const finished = ready && passed.length === inner(all).length;
    switchOff(next, finished || (ready && model.get("own_order")), again);
    switchOff(back, !model.get("forward"), next);
    own.replaceChildren(...(ready && model.get("own_order") ? inner(all).reverse().map((i) => {
      const node = button(`Pass on from ${all[i].name}`, () => {
        const focus = inner(all).reverse().find((j) => j !== i && !model.get("passed").includes(j));
        set({ passed: [...model.get("passed"), i] });
        (own.querySelector(`[data-node="${focus}"]`) ?? again).focus();
      });
      node.dataset.node = i;
      node.disabled = passed.includes(i);
      return node;
    }) : []));
    report.textContent = words(all, computed, ready, passed, said, finished ? verdict(all, gradient) : "");
  }

  function words(all, computed, ready, passed, said, end) {
    if (passed.length) return `${said} ${end}`;
    if (!computed.length) return "Only the inputs are known. Press Next step to compute the first node.";
    const i = computed.at(-1);
    const from = all[i].parents.map(([parent]) => all[parent].name).join(" and ");
    const start = `The way back starts with ${all[i].name}: its gradient by itself is 1.`;
    return `Forward: ${all[i].name} = ${number(all[i].value)}, made from ${from}. The numbers on its arrows are its ` +
      `local derivatives. ${ready ? start : ""}`;
  }

  function verdict(all, gradient) {
    const wrong = all.map((node, i) => [node, gradient[i]])
      .filter(([node, got]) => Math.abs(node.gradient - got) > 1e-12);
    if (!wrong.length) return "Done: every gradient is right.";
    const list = wrong.map(([node, got]) => `${node.name} has ${number(got)} and should have ${number(node.gradient)}`);
    return `Done, but ${list.join("; ")}: some node passed on before everything had arrived at it.`;
  }

  function drawGraph(all, { known, ready, gradient, sent, passed }) {
    const columns = Math.max(...all.map((node) => node.place[0])) + 1;
    const rows = Math.max(...all.map((node) => node.place[1])) + 1;
    const [width, height] = [columns * COLUMN, (rows - 1) * ROW + BOX_H + 6];
    const at = ([column, row]) => [(column + 0.5) * COLUMN, row * ROW + BOX_H / 2 + 3];
    const place = all.map((node) => at(node.place));
    for (const [name, to] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })) {
      picture.setAttribute(name, to);
    }
    const parts = [];
    all.forEach((node, i) => node.parents.forEach(([parent, local], k) => {
      const [[x1, y1], [x2, y2]] = [[place[parent][0], place[parent][1] + BOX_H / 2], [place[i][0], place[i][1] - BOX_H / 2]];
      const used = sent.has(`${i}-${k}`);
      const lean = x2 + (x1 - x2) * 0.25;
      const end = [Math.max(x2 - BOX_W / 3, Math.min(x2 + BOX_W / 3, lean)), y2];
      parts.push(svg("path", { class: `line thin ${used ? "orange" : "grey"}`, d: `M${x1} ${y1}L${end[0]} ${end[1]}` }));
      const angle = Math.atan2(end[1] - y1, end[0] - x1);
      const tip = (turn) => `${end[0] - 8 * Math.cos(angle + turn)} ${end[1] - 8 * Math.sin(angle + turn)}`;
      parts.push(svg("path", { class: `fill ${used ? "orange" : "grey"}`, d: `M${end[0]} ${end[1]}L${tip(0.4)}L${tip(-0.4)}Z` }));
      if (!known(i)) return;
      // beside the first gap below the parent, so that a long arrow is not written on another box
      const share = Math.min(0.5, (ROW - BOX_H) / 2 / (end[1] - y1));
      const [mx, my] = [x1 + (end[0] - x1) * share, y1 + (end[1] - y1) * share];
      const upright = Math.abs(x1 - x2) < 20;
      // two arrows that leave one box have their numbers on their outer sides
      const targets = all.flatMap((child, j) => child.parents.some(([each]) => each === parent) ? [place[j][0]] : []);
      const left = targets.length > 1 ? x2 === Math.min(...targets) : x1 < x2 && !upright;
      const above = !left && x1 < x2 && !upright;
      const text = { x: mx + (left ? -9 : 9), "text-anchor": left ? "end" : "start" };
      const dy = upright ? -2 : above ? -11 : 8;
      parts.push(svg("text", { ...text, y: my + dy, class: "fill green" }, `· ${factor(local)}`));
      if (used) parts.push(svg("text", { ...text, y: my + dy + 15, class: "fill orange" }, `+ ${factor(sent.get(`${i}-${k}`))}`));
    }));
    all.forEach((node, i) => {
      const [x, y] = place[i];
      const strong = passed.at(-1) === i ? "orange" : node.parents.length ? "grey" : "green";
      parts.push(svg("rect", { class: `line ${strong}`, x: x - BOX_W / 2, y: y - BOX_H / 2, width: BOX_W, height: BOX_H, rx: 6 }));
      const line = (dy, content, color) => parts.push(
        svg("text", { x, y: y + dy, "text-anchor": "middle", ...(color ? { class: `fill ${color}` } : {}) }, content));
      line(-13, node.operation ? `${node.name}:  ${node.operation}` : node.name);
      line(5, known(i) ? number(node.value) : "?", "blue");
      const starts = ready && (i === all.length - 1 || passed.length);
      if (starts) line(23, `∂ ${number(gradient[i])}`, "orange");
    });
    picture.replaceChildren(...parts);
    picture.setAttribute("aria-label", `Computation graph of ${model.get("graph")}. ` + all.map((node, i) =>
      `${node.name}: ${known(i) ? number(node.value) : "not computed"}` +
      (ready ? `, gradient so far ${number(gradient[i])}` : "")).join("; ") + ".");
  }

  const key = html("ul", { class: "key" }, ...[["blue", "value"], ["green", "local derivative"],
    ["orange", "gradient: + passed back, ∂ gathered"]].map(([color, text]) =>
    html("li", {}, svg("svg", { width: 12, height: 12, "aria-hidden": "true" },
      svg("circle", { cx: 6, cy: 6, r: 5, class: `fill ${color}` })), text)));
  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Steps through a computation graph" },
    html("div", { class: "controls" }, graph.label, order.label), html("div", { class: "graph" }, picture), key,
    html("div", { class: "controls" }, html("div", { class: "buttons" }, next, back, again), own), report));
  const redraw = () => draw();
  for (const name of ["graph", "own_order", "forward", "passed"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };

// Random numbers that repeat: mulberry32. `browser.uniform` and `browser.normal` draw the same in Python.

function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

// Box and Muller: two normal numbers from two uniform ones.
function normals(seed, n) {
  const [out, uniform] = [new Float64Array(n + (n % 2)), generator(seed)];
  for (let i = 0; i < n; i += 2) {
    const [radius, angle] = [Math.sqrt(-2 * Math.log(uniform())), 2 * Math.PI * uniform()];
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

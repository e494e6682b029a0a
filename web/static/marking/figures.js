// How an annotation looks: strokes and characters in px of the crop. marking/reports/drawn.py draws the same shapes
// for printing; a test holds the two within one px of each other. Change both or none.

export const COLOUR = "#d0021b";
const SVG = "http://www.w3.org/2000/svg";
const BASELINE = 0.86; // of the size, from the top of a character's cell
const LINE = 1.25; // from one line of text to the next

const TICK = [[[-0.5, 0.05], [-0.15, 0.45], [0.55, -0.5]]];
const SIGNS = {
  tick: TICK,
  half: [...TICK, [[0.0, -0.4], [0.45, 0.05]]],
  cross: [[[-0.4, -0.4], [0.4, 0.4]], [[0.4, -0.4], [-0.4, 0.4]]],
};

/** The size of a sign and the width of a stroke on a crop of this size, in its px. */
export function sizes(width, height) {
  const size = Math.max(8, Math.min(0.04 * width, 0.25 * height));
  return { size, stroke: Math.max(2, 0.1 * size) };
}

/** What a stamp says: the part in brackets where there is one, and its points. */
export function stampText({ part, value }) {
  const short = /\([^()]*\)$/.exec(part);
  return `${short ? `${short[0]} ` : ""}${value}`;
}

function advance(character) {
  return character.codePointAt(0) > 0x2e7f ? 1 : 0.56;
}

/** Characters in cells, [text, left, baseline], beginning at (left, top) and turning the line at the edge. */
function cells(text, left, top, size, width) {
  const placed = [];
  let [x, y] = [left, top];
  for (const character of text) {
    const step = advance(character) * size;
    if (x + step > width && x > left) [x, y] = [left, y + LINE * size];
    if (character !== " ") placed.push([character, x, y + BASELINE * size]);
    x += step;
  }
  return placed;
}

/** The shapes of one annotation: {strokes: [[[x, y], …], …], cells: [[character, x, baseline], …], size, stroke}. */
export function shapes(annotation, width, height) {
  const { size, stroke } = sizes(width, height);
  const shape = { strokes: [], cells: [], size, stroke };
  const [x, y] = annotation.at ? [annotation.at[0] * width, annotation.at[1] * height] : [0, 0];
  if (SIGNS[annotation.kind]) {
    shape.strokes = SIGNS[annotation.kind].map((line) => line.map(([dx, dy]) => [x + dx * size, y + dy * size]));
  } else if (annotation.line) {
    shape.strokes = [annotation.line.map(([px, py]) => [px * width, py * height])];
  } else if (annotation.box) {
    const [left, top, across, down] = annotation.box;
    shape.strokes = [frame(left * width, top * height, across * width, down * height)];
  } else if (annotation.kind === "text") {
    shape.cells = cells(annotation.text, x, y, size, width);
  } else if (annotation.kind === "stamp") {
    const text = stampText(annotation);
    const across = [...text].reduce((sum, character) => sum + advance(character) * size, 0);
    const left = Math.max(0.2 * size, Math.min(x - across / 2, width - across - 0.2 * size));
    shape.cells = cells(text, left, y - size / 2, size, Infinity);
    shape.strokes = [frame(left - 0.2 * size, y - 0.62 * size, across + 0.4 * size, 1.24 * size)];
  }
  return shape;
}

function frame(left, top, across, down) {
  return [[left, top], [left + across, top], [left + across, top + down], [left, top + down], [left, top]];
}

/** An SVG group with the shapes of one annotation. */
export function picture(annotation, width, height) {
  const { strokes, cells: characters, size, stroke } = shapes(annotation, width, height);
  const group = document.createElementNS(SVG, "g");
  if (strokes.length) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", strokes.map((line) => `M${line.map(([x, y]) => `${x} ${y}`).join("L")}`).join(""));
    path.setAttribute("fill", "none");
    path.setAttribute("stroke", COLOUR);
    path.setAttribute("stroke-width", stroke);
    path.setAttribute("stroke-linecap", "round");
    path.setAttribute("stroke-linejoin", "round");
    group.append(path);
  }
  if (characters.length) {
    const text = document.createElementNS(SVG, "text");
    text.setAttribute("font-size", size);
    text.setAttribute("fill", COLOUR);
    for (const [character, x, y] of characters) {
      const span = document.createElementNS(SVG, "tspan");
      span.setAttribute("x", x);
      span.setAttribute("y", y);
      span.textContent = character;
      text.append(span);
    }
    group.append(text);
  }
  return group;
}

/** How far a point, in px of the crop, lies from an annotation. */
export function distance(annotation, [x, y], width, height) {
  const { strokes, cells: characters, size } = shapes(annotation, width, height);
  const toStrokes = strokes.flatMap((line) => line.slice(1).map((end, at) => toSegment([x, y], line[at], end)));
  const toCells = characters.map(([, left, base]) => Math.hypot(
    x - Math.max(left, Math.min(x, left + size)), y - Math.max(base - size, Math.min(y, base)),
  ));
  return Math.min(Infinity, ...toStrokes, ...toCells);
}

function toSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/** A line with fewer points that stays within `tolerance` px (Ramer-Douglas-Peucker). */
export function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const [first, last] = [points[0], points[points.length - 1]];
  let [farthest, at] = [0, 0];
  for (let each = 1; each < points.length - 1; each += 1) {
    const away = toSegment(points[each], first, last);
    if (away > farthest) [farthest, at] = [away, each];
  }
  if (farthest <= tolerance) return [first, last];
  return [...simplified(points.slice(0, at + 1), tolerance).slice(0, -1), ...simplified(points.slice(at), tolerance)];
}

// From a key to what it does. Three maps are shipped; every key can be given to another command, and the single
// characters can all be switched off. Pure: knows no page, so that the list in the help and the keys never differ.

export const MAPS = ["row", "numpad", "home"];
const HOME = [..."asdfghjkl;"];
const HALF_ROW = [..."qwertyuiop"];

/** Every command: its id, what it does, the keys that are no letters, and its letter. */
const COMMANDS = [
  { id: "submit", does: ["submit"], keys: ["Enter"] },
  { id: "half", does: ["half"], keys: [".", "+", ","] },
  { id: "full", does: ["full"], keys: ["*"], letter: "f" },
  { id: "zero", does: ["zero"], keys: ["/"], letter: "z" },
  { id: "erase", does: ["erase"], keys: ["Backspace"] },
  { id: "back", does: ["back"], keys: ["Ctrl+z"] },
  { id: "part_next", does: ["move", 1], keys: ["ArrowRight", "Tab"] },
  { id: "part_before", does: ["move", -1], keys: ["ArrowLeft", "Shift+Tab"] },
  { id: "problem", does: ["problem"], keys: [], letter: "n" },
  { id: "ask", does: ["ask"], keys: [], letter: "m" },
  { id: "exemplar", does: ["exemplar"], keys: [], letter: "y" },
  { id: "rubric", does: ["panel", "rubric"], keys: [], letter: "r" },
  { id: "reference", does: ["panel", "reference"], keys: [], letter: "g" },
  { id: "scroll_up", does: ["scroll", 0, -0.15], keys: ["ArrowUp"] },
  { id: "scroll_down", does: ["scroll", 0, 0.15], keys: ["ArrowDown"] },
  { id: "page_up", does: ["scroll", 0, -0.85], keys: ["PageUp"] },
  { id: "page_down", does: ["scroll", 0, 0.85], keys: ["PageDown"] },
  { id: "scroll_left", does: ["scroll", -0.15, 0], keys: ["Shift+ArrowLeft"] },
  { id: "scroll_right", does: ["scroll", 0.15, 0], keys: ["Shift+ArrowRight"] },
  { id: "zoom_out", does: ["zoom", -1], keys: ["-"] },
  { id: "zoom_in", does: ["zoom", 1], keys: ["="] },
  { id: "zoom_fit", does: ["zoom", 0], keys: ["\\"] },
  { id: "turn_left", does: ["turn", -90], keys: ["["] },
  { id: "turn_right", does: ["turn", 90], keys: ["]"] },
  { id: "contrast", does: ["contrast"], keys: [], letter: "c" },
  { id: "annotate", does: ["annotate"], keys: [], letter: "v" },
  { id: "tool_tick", does: ["tool", "tick"], keys: ["Shift+t"] },
  { id: "tool_cross", does: ["tool", "cross"], keys: ["Shift+x"] },
  { id: "tool_half", does: ["tool", "half"], keys: ["Shift+h"] },
  { id: "tool_underline", does: ["tool", "underline"], keys: ["Shift+u"] },
  { id: "tool_box", does: ["tool", "box"], keys: ["Shift+b"] },
  { id: "tool_text", does: ["tool", "text"], keys: ["Shift+k"] },
  { id: "tool_stamp", does: ["tool", "stamp"], keys: ["Shift+s"] },
  { id: "tool_pen", does: ["tool", "pen"], keys: ["Shift+p"] },
  { id: "tool_eraser", does: ["tool", "eraser"], keys: ["Shift+e"] },
  { id: "undo", does: ["undo"], keys: ["Delete"] },
  { id: "cancel", does: ["cancel"], keys: ["Escape"] },
  { id: "help", does: ["help"], keys: ["?"] },
];

// What a Chinese input method may send instead, in its full-width or punctuation mode.
const WIDE = { "。": ".", "、": "/", "；": ";", "，": ",", "？": "?", "【": "[", "】": "]", "＼": "\\", "·": "`" };

/** Whether an input method is at work: such a key is part of a word, never a score. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229 || event.key === "Process";
}

/** Whether a key of the number pad came without Num Lock, as an arrow or the like. */
export function lacksNumLock(event) {
  return /^Numpad[0-9]$/.test(event.code || "") && !/^[0-9]$/.test(event.key);
}

/** The name of a key event: "5", "Num5", "n", "Shift+n", "Ctrl+z", "Enter", "Shift+Tab"; null for what is no key of ours. */
export function chord(event) {
  if (event.altKey || event.metaKey || isComposing(event)) return null;
  let key = event.key;
  if (["Shift", "Control", "Alt", "Meta", "CapsLock", "NumLock"].includes(key)) return null;
  if ([...key].length > 1) return `${event.ctrlKey ? "Ctrl+" : ""}${event.shiftKey ? "Shift+" : ""}${key}`;
  key = (WIDE[key] || key).normalize("NFKC").toLowerCase();
  if (key === " ") return event.ctrlKey ? null : "Space";
  if (event.ctrlKey) return `Ctrl+${key}`;
  if (/^[0-9]$/.test(key) && (event.code || "").startsWith("Numpad")) return `Num${key}`;
  return event.shiftKey && /^[a-z]$/.test(key) ? `Shift+${key}` : key;
}

/** Whether a key is a single character, with or without Shift: the ones that can be switched off. */
export function isSingle(name) {
  return name === "Space" || /^Num[0-9]$/.test(name) || [...name.replace(/^Shift\+/, "")].length === 1;
}

/** Whether letters are scores, so that commands move to Shift and the letter. */
function lettersAreScores({ map, halves }) {
  return map === "home" || halves;
}

/** Every command of these habits in the order of the help: [{id, does, keys}]. */
export function commands(habits) {
  const own = (habits.keys && habits.keys[habits.map]) || {};
  const shift = lettersAreScores(habits) ? "Shift+" : "";
  const shipped = [
    ...Array.from({ length: 10 }, (_, digit) => ({
      id: `digit_${digit}`,
      does: ["digit", String(digit)],
      keys: [
        ...(habits.map === "home" ? [HOME[digit]] : []),
        ...(habits.map === "numpad" ? [] : [String(digit)]),
        `Num${digit}`,
      ],
    })),
    ...(habits.halves
      ? HALF_ROW.map((letter, whole) => ({ id: `value_${whole}`, does: ["value", `${whole}.5`], keys: [letter] }))
      : []),
    ...COMMANDS.map(({ id, does, keys, letter }) => ({
      id,
      does,
      keys: [
        ...(letter ? [shift + letter] : []),
        ...keys,
        ...(id === "submit" && habits.map === "home" ? ["Space"] : []),
      ],
    })),
  ];
  const taken = new Set(Object.values(own).flat());
  return shipped.map((one) => ({
    ...one,
    keys: own[one.id] || one.keys.filter((key) => !taken.has(key)),
  }));
}

/** The bound keys: a Map from the name of a key to what it does. */
export function bindings(habits) {
  return new Map(commands(habits).flatMap(({ does, keys }) => keys.map((key) => [key, does])));
}

/** What a named key does under these bindings, as [action, ...arguments]; null for nothing. */
export function lookUp(bound, name) {
  if (bound.has(name)) return bound.get(name);
  if (!name.startsWith("Shift+")) return null;
  const plain = bound.get(name.slice("Shift+".length)) || null;
  const isScore = plain && ["digit", "value"].includes(plain[0]);
  return isScore && name.length === "Shift+a".length ? null : plain;
}

/** Give a key to a command and take it from every other one; answers the id that had it, or "". */
export function assign(habits, id, key) {
  const before = commands(habits).find((one) => one.id !== id && one.keys.includes(key));
  const own = { ...((habits.keys && habits.keys[habits.map]) || {}) };
  if (before) own[before.id] = before.keys.filter((one) => one !== key);
  own[id] = [key];
  habits.keys = { ...habits.keys, [habits.map]: own };
  return before ? before.id : "";
}

/** How a key is written on the screen; `names` holds words for Space and the number pad. */
export function label(name, names) {
  const signs = {
    ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Backspace: "⌫", PageUp: "PgUp", PageDown: "PgDn",
    Escape: "Esc", Delete: "Del", Space: names.space,
  };
  const pad = /^Num([0-9])$/.exec(name);
  if (pad) return `${names.numpad} ${pad[1]}`;
  const parts = name === "+" ? [name] : name.split("+");
  const key = parts.pop();
  return [...parts, signs[key] || (key.length === 1 ? key.toUpperCase() : key)].join("+");
}

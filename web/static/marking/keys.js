// From a key to what it does. Three maps; commands are letters, with Shift where letters are scores.

const HOME = ["a", "s", "d", "f", "g", "h", "j", "k", "l", ";"];
const HALF_ROW = ["q", "w", "e", "r", "t", "y", "u", "i", "o", "p"];
const COMMANDS = { f: "full", z: "zero", n: "problem" };

export const MAPS = ["row", "numpad", "home"];

/** The action of a key event as [name, argument], or null. */
export function action(event, { map, halves }) {
  if (event.altKey || event.metaKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey) return key === "z" ? ["back"] : null;
  switch (key) {
    case "Enter": return ["submit"];
    case "Backspace": return ["erase"];
    case "Escape": return ["cancel"];
    case "Tab": return ["move", event.shiftKey ? -1 : 1];
    case "ArrowLeft": return ["move", -1];
    case "ArrowRight": return ["move", 1];
    case "ArrowUp": return ["scroll", -0.15];
    case "ArrowDown": return ["scroll", 0.15];
    case "PageUp": return ["scroll", -0.85];
    case "PageDown": return ["scroll", 0.85];
    case "?": return ["help"];
    case "=": return ["zoom", 1];
    case "-": return ["zoom", -1];
    case "*": return ["full"];
    case "/": return ["zero"];
    case ".":
    case ",":
    case "+": return ["half"];
    default:
  }
  if (/^[0-9]$/.test(key)) return map === "numpad" && !event.code.startsWith("Numpad") ? null : ["digit", key];
  if (!event.shiftKey && map === "home") {
    if (key === " ") return ["submit"];
    if (HOME.includes(key)) return ["digit", String(HOME.indexOf(key))];
  }
  if (!event.shiftKey && halves && HALF_ROW.includes(key)) return ["value", `${HALF_ROW.indexOf(key)}.5`];
  const lettersAreScores = map === "home" || halves;
  if (COMMANDS[key] && (event.shiftKey || !lettersAreScores)) return [COMMANDS[key]];
  return null;
}

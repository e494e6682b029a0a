// Points as whole hundredths: no floating-point number ever holds a score.

/** Hundredths of a text such as "7.5"; null where it is no number. */
export function hundredths(text) {
  const found = /^(\d{1,6})(?:\.(\d{0,2}))?$/.exec(text);
  return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : null;
}

/** The text that people write: 750 is "7.5". */
export function show(value) {
  const whole = Math.floor(value / 100);
  const rest = value % 100;
  return rest ? `${whole}.${String(rest).padStart(2, "0").replace(/0$/, "")}` : String(whole);
}

/** Whether a text is a score that the part allows. */
export function isLegal(part, text) {
  const value = hundredths(text);
  return value !== null && !text.endsWith(".") && value <= part.max && value % part.step === 0;
}

/** Whether more keys could still make a score of this text: "1." of a part with half marks, "1" of 12. */
export function isBeginning(part, text) {
  if (text === "" || isLegal(part, text)) return true;
  if (!text.endsWith(".")) return false;
  return part.step % 100 !== 0 && hundredths(text) !== null && hundredths(text) < part.max;
}

/** Whether another digit could follow: false for "3" of 12, true for "1" of 12. */
export function canGrow(part, text) {
  return [..."0123456789"].some((digit) => text !== "0" && isLegal(part, text + digit));
}

// Calls to our own API: the token of the page goes with every write, and an error is what the server said.

const token = document.querySelector('meta[name="csrf-token"]').content;

export class ApiError extends Error {
  constructor(status, said) {
    super(said.message);
    this.status = status;
    this.code = said.code;
    this.remedy = said.remedy;
  }
}

export async function call(method, address, body) {
  const headers = { Accept: "application/json", "X-CSRF-Token": token };
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  const response = await fetch(address, {
    method,
    headers,
    credentials: "same-origin",
    body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
  });
  const said = await response.json();
  if (!response.ok) throw new ApiError(response.status, said.error);
  return said;
}

export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

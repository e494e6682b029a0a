// Calls to the server, each with the session's token and a time limit. `status` is 0 where no answer came.

const LIMIT_MS = 15000;
const IMAGE_LIMIT_MS = 30000;

export class Api {
  constructor(token) {
    this.token = token;
  }

  async call(method, path, body, { keepalive = false } = {}) {
    try {
      return await limited(LIMIT_MS, async (signal) => {
        const response = await fetch(path, {
          method,
          keepalive,
          signal,
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", "X-CSRF-Token": this.token },
          body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await response.text();
        let data = null;
        try { data = JSON.parse(text); } catch { /* an answer of something in between, not of this server */ }
        return { status: data === null && response.ok ? 0 : response.status, data };
      });
    } catch {
      return { status: 0, data: null };
    }
  }

  async image(url) {
    return limited(IMAGE_LIMIT_MS, async (signal) => {
      const response = await fetch(url, { credentials: "same-origin", signal });
      if (!response.ok) throw Object.assign(new Error("image"), { status: response.status });
      return response.blob();
    });
  }

  /** A new token for a session that is still there; false when it has ended. */
  async renew() {
    const { status, data } = await this.call("GET", "/api/v1/session");
    if (status === 200) this.token = data.csrf_token;
    return status === 200;
  }
}

async function limited(milliseconds, work) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), milliseconds);
  try {
    return await work(stop.signal);
  } finally {
    clearTimeout(timer);
  }
}

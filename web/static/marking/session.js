// Calls that survive the end of a session: the login opens over the page, and everything that waits goes on after it.

const $ = (id) => document.getElementById(id);

export class Session {
  /** `ended()` is called when a login is needed, `begun()` once there is a session again. */
  constructor(api, user, text, { ended, begun }) {
    Object.assign(this, { api, user, text, ended, begun });
    $("login-form").addEventListener("submit", (event) => this.logIn(event));
    $("login").addEventListener("cancel", (event) => event.preventDefault());
  }

  async call(method, path, body) {
    const answer = await this.api.call(method, path, body);
    const code = answer.data && answer.data.error && answer.data.error.code;
    if (answer.status === 403 && code === "request.forged" && await this.api.renew()) {
      return this.api.call(method, path, body);
    }
    if (answer.status === 401) this.ask();
    return answer;
  }

  ask() {
    this.ended();
    if ($("login").open) return;
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    $("login-error").textContent = "";
    $("login").showModal();
    $("login-password").focus();
  }

  async logIn(event) {
    event.preventDefault();
    const password = $("login-password").value;
    $("login-password").value = "";
    const { status, data } = await this.api.call("POST", "/api/v1/session", { username: this.user.username, password });
    if (status !== 200 || data.user.id !== this.user.id) {
      $("login-error").textContent = said(data) || this.text("offline");
      return;
    }
    this.api.token = data.csrf_token;
    $("login").close();
    if (document.activeElement) document.activeElement.blur();
    this.begun();
  }
}

/** What an answer says went wrong, with what to do. */
export function said(data) {
  return data && data.error ? `${data.error.message} ${data.error.remedy}` : "";
}

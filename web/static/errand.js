// Follows an errand every two seconds; when it ends, the page is loaded again with its result.

import { fill } from "./api.js";

const panel = document.querySelector("[data-job]");
const bar = panel.querySelector("progress");
const text = panel.querySelector("[data-text]");
let tag = null;

async function look() {
  const response = await fetch(panel.dataset.job, {
    credentials: "same-origin",
    headers: tag ? { "If-None-Match": tag } : {},
    cache: "no-store",
  });
  if (response.status === 304) return true;
  if (!response.ok) return response.status >= 500;
  tag = response.headers.get("ETag");
  const job = await response.json();
  bar.max = job.total || 1;
  bar.value = job.done;
  text.textContent = fill(text.dataset.template, { done: job.done, total: job.total });
  return job.state === "queued" || job.state === "running";
}

async function follow() {
  let goesOn = true;
  try {
    goesOn = await look();
  } catch {
    goesOn = true; // the network was away for a moment; the errand is not
  }
  if (goesOn) window.setTimeout(follow, 2000);
  else window.location.reload();
}

if (panel.dataset.state === "queued" || panel.dataset.state === "running") window.setTimeout(follow, 500);

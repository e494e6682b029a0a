// Small comforts of the leader's pages; every one of them works without this script, except printing by button.

document.getElementById("print")?.addEventListener("click", () => window.print());

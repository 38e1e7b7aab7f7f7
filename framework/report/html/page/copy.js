// SPDX-License-Identifier: GPL-2.0-or-later

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    button.textContent = "not allowed";
  }
}

/// Adds a button after each command of a case that copies it.
export function offerCopies(one) {
  for (const command of one.querySelectorAll("code.command:not([data-copy])")) {
    command.dataset.copy = "offered";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "copy";
    button.setAttribute("aria-label", `copy: ${command.textContent}`);
    button.addEventListener("click", () => copy(button, command.textContent));
    command.after(button);
  }
}

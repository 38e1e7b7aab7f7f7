// SPDX-License-Identifier: GPL-2.0-or-later
// The body of a case is in a <noscript>: a browser with scripts treats it as one text, which costs nothing until it is
// needed. All text of a guest is escaped in it.

const kAtOnce = 300; // cases whose bodies are made in advance, so that the browser's own search finds them

/// Makes the elements of a case's body, once.
export function fill(one) {
  const hidden = one.querySelector(":scope > noscript");
  if (!hidden) return;
  const template = document.createElement("template");
  template.innerHTML = hidden.textContent;
  hidden.replaceWith(template.content);
}

const entities = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/// Returns the text of a case, including its body.
export function textOf(one) {
  const hidden = one.querySelector(":scope > noscript");
  if (!hidden) return one.textContent;
  const body = hidden.textContent.replace(/<[^>]*>/g, " ").replace(/&(lt|gt|quot|#39|amp);/g, (each) => entities[each]);
  return `${one.firstElementChild.textContent}\n${body}`;
}

/// Makes the bodies of a page that is not too long while the browser is idle.
export function fillAhead(cases) {
  if (cases.length > kAtOnce || !window.requestIdleCallback) return;
  let next = 0;
  const some = (idle) => {
    while (next < cases.length && idle.timeRemaining() > 1) fill(cases[next++]);
    if (next < cases.length) requestIdleCallback(some);
  };
  requestIdleCallback(some);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What a case shows when it is open stands in a <noscript>: to a browser with scripts one text, which costs nothing until it is
// wanted. Whatever a guest said is escaped in it.

const kAtOnce = 300; // cases of a page whose bodies are made beforehand, so that the browser's own search finds them

/// Makes the elements of a case's body, once.
export function fill(one) {
  const hidden = one.querySelector(":scope > noscript");
  if (!hidden) return;
  const template = document.createElement("template");
  template.innerHTML = hidden.textContent;
  hidden.replaceWith(template.content);
}

const entities = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/// The text of a case, with its body.
export function textOf(one) {
  const hidden = one.querySelector(":scope > noscript");
  if (!hidden) return one.textContent;
  const body = hidden.textContent.replace(/<[^>]*>/g, " ").replace(/&(lt|gt|quot|#39|amp);/g, (each) => entities[each]);
  return `${one.firstElementChild.textContent}\n${body}`;
}

/// Of a page that is not too long, the bodies are made while nothing else is to do.
export function fillAhead(cases) {
  if (cases.length > kAtOnce || !window.requestIdleCallback) return;
  let next = 0;
  const some = (idle) => {
    while (next < cases.length && idle.timeRemaining() > 1) fill(cases[next++]);
    if (next < cases.length) requestIdleCallback(some);
  };
  requestIdleCallback(some);
}

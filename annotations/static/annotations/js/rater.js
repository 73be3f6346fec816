// Makes the rating page quicker. The page works without it: plain form, answers checked by the server.

const form = document.getElementById("questions");
const submitButton = document.getElementById("submit");
const saveState = document.getElementById("save-state");
const announcer = document.getElementById("announcer");
const help = document.getElementById("help");
const singleKeys = document.getElementById("single-keys");

const SAVE_AFTER_MS = 600;
const RETRY_AFTER_MS = 5000;
const HEARTBEAT_MS = 60000;

const isShown = (element) => element.getClientRects().length > 0;
const shownQuestions = () => [...form.querySelectorAll("fieldset.question:not([disabled])")].filter(isShown);
const isAnswered = (question) => question.querySelector("input:checked") !== null;

// --- Which aligns more closely is asked only where both cover -------------------------------------------

function updateAligns(attribute, announce) {
  const aligns = attribute.querySelector(".aligns fieldset");
  if (!aligns) return;
  const both = ["a", "b"].every((side) => attribute.querySelector(`.cover-${side} [value="yes"]:checked`));
  const wasAnswered = isAnswered(aligns);
  aligns.disabled = !both;
  if (!both && wasAnswered) {
    aligns.querySelectorAll("input").forEach((input) => { input.checked = false; });
    if (announce) say("Your answer to which one aligns more closely was cleared, because not both cover the preference.");
  } else if (both && announce && !wasAnswered) {
    say("One more question: which one aligns more closely?");
  }
}

function say(text) {
  announcer.textContent = text;
}

// --- Drafts ----------------------------------------------------------------------------------------------

let saveTimer = 0;
let sending = false;

function saveSoon(delay = SAVE_AFTER_MS) {
  clearTimeout(saveTimer);
  saveTimer = setTimeout(save, delay);
}

async function save() {
  if (sending) return;
  try {
    const response = await fetch(form.dataset.draftUrl, { method: "POST", body: new FormData(form), keepalive: true });
    if (sending) return;
    if (response.ok) saveState.textContent = "Draft saved";
    else if (response.status === 409) saveState.textContent = "The time for this comparison is over. You can still submit it.";
    else throw new Error(String(response.status));
  } catch {
    if (sending) return;
    saveState.textContent = "Not saved yet – trying again";
    saveSoon(RETRY_AFTER_MS);
  }
}

// --- Keys ------------------------------------------------------------------------------------------------

function currentQuestion() {
  const focused = document.activeElement?.closest("fieldset.question");
  const questions = shownQuestions();
  if (focused && questions.includes(focused)) return focused;
  return questions.find((question) => !isAnswered(question)) ?? null;
}

function goTo(question) {
  const target = question ? question.querySelector("input:checked") ?? question.querySelector("input") : submitButton;
  target.focus({ preventScroll: true });
  (question ?? submitButton).scrollIntoView({ block: "center" });
}

function goOnFrom(question) {
  const questions = shownQuestions();
  const later = questions.slice(questions.indexOf(question) + 1).find((each) => !isAnswered(each));
  goTo(later ?? questions.find((each) => !isAnswered(each)) ?? null);
}

function step(by) {
  const questions = shownQuestions();
  const focused = document.activeElement?.closest("fieldset.question");
  const index = focused ? questions.indexOf(focused) + by : by > 0 ? 0 : questions.length - 1;
  goTo(questions[index] ?? (by > 0 ? null : questions[0]));
}

function answer(key) {
  const question = currentQuestion();
  const input = question?.querySelector(`input[data-key="${CSS.escape(key)}"]`);
  if (!input) return false;
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  goOnFrom(question);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(submitButton);
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  // Just after the help has closed, the focus may still be on its check box: that is no typing.
  const isTyping = event.target.matches?.("textarea, input:not([type=radio])") && !help.contains(event.target);
  if (isTyping) return;
  if (event.key === "Enter" && event.target.matches?.("input[type=radio]")) {
    event.preventDefault();
    goOnFrom(event.target.closest("fieldset.question"));
    return;
  }
  if (event.key === "?") {
    event.preventDefault();
    help.showModal();
    return;
  }
  if (!singleKeys.checked) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    event.preventDefault();
    step(key === "j" ? 1 : -1);
  } else if (answer(key)) {
    event.preventDefault();
  }
});

// --- Wiring ----------------------------------------------------------------------------------------------

function applySingleKeys() {
  document.documentElement.classList.toggle("single-keys", singleKeys.checked);
}

form.addEventListener("change", (event) => {
  const attribute = event.target.closest(".attribute");
  if (attribute) updateAligns(attribute, true);
  const question = event.target.closest("fieldset.question");
  if (question?.classList.contains("has-error") && isAnswered(question)) {
    question.classList.remove("has-error");
    question.querySelector(".field-error")?.remove();
    question.removeAttribute("aria-describedby");
    question.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
  }
  saveSoon();
});

form.addEventListener("submit", (event) => {
  if (sending) {
    event.preventDefault();
    return;
  }
  sending = true;
  clearTimeout(saveTimer);
  submitButton.setAttribute("aria-disabled", "true");
  saveState.textContent = "Sending…";
});

// crypto.randomUUID exists on secure origins only; a study inside a local network may have none.
function newKey() {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// Coming back by the browser's back button revives the page as it was left.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  // A new key: what is sent from here is a change of mind, even if it returns to an earlier answer.
  form.elements.key.value = newKey();
  sending = false;
  submitButton.removeAttribute("aria-disabled");
  saveState.textContent = "";
});

document.getElementById("open-help").addEventListener("click", () => help.showModal());
singleKeys.addEventListener("change", () => {
  try { localStorage.setItem("rater.single-keys", singleKeys.checked ? "on" : "off"); } catch { /* private mode */ }
  applySingleKeys();
});
try { singleKeys.checked = localStorage.getItem("rater.single-keys") !== "off"; } catch { /* private mode */ }

setInterval(() => { if (document.visibilityState === "visible" && !sending) save(); }, HEARTBEAT_MS);
document.querySelectorAll(".attribute").forEach((attribute) => updateAligns(attribute, false));
applySingleKeys();
document.documentElement.classList.add("js");

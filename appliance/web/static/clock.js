/* What this phone takes the time to be: shown, and sent along as it is when the button is pressed. */
(function () {
  "use strict";
  var form = document.getElementById("phone-says");
  if (!form) { return; }
  var shown = document.getElementById("phone-time");
  var wide = { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" };
  function show() {
    var now = new Date(), text;
    try { text = now.toLocaleString(document.documentElement.lang || [], wide); } catch (e) { text = now.toString(); }
    shown.textContent = text;
  }
  show();
  setInterval(show, 1000);
  form.hidden = false;
  form.addEventListener("submit", function () { form.elements.phone_ms.value = String(Date.now()); });
}());

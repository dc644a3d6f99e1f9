/* How far care has come, while its QR is shown: asked anew every few seconds, for half an hour. Without it the page is reloaded by hand. */
(function () {
  "use strict";
  var parts = ["progress", "asked", "afar"], left = 360, box = document.getElementById("progress"), page = box && box.getAttribute("data-page");
  if (!box || !window.fetch) { return; }
  function look() {
    if (document.hidden) { later(); return; }
    left -= 1;
    fetch(page + "/progress", { credentials: "same-origin", redirect: "error" })
      .then(function (answer) { if (!answer.ok) { throw new Error("gone"); } return answer.text(); })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html"), now = fresh.getElementById("progress");
        if (!now) { later(); return; }
        if (!now.querySelector("[data-open]")) { location.replace(page); return; }
        parts.forEach(function (part) {
          var old = document.getElementById(part), other = fresh.getElementById(part);
          if (old && other && old.innerHTML !== other.innerHTML) { old.parentNode.replaceChild(document.importNode(other, true), old); }
        });
        later();
      })
      .catch(later);
  }
  function later() { if (left > 0) { setTimeout(look, 5000); } }
  later();
}());

// The phone makes a photo small before it goes over the air; as letters, so that the form's MAC covers it.
// Without this script the file goes as it is.
(function () {
  "use strict";
  var form = document.querySelector("form[data-photo]");
  if (!form || !window.FileReader || !document.createElement("canvas").getContext) { return; }
  var MOST = 57000, SIDES = [800, 640, 480, 360], QUALITIES = [0.75, 0.6, 0.45, 0.3];
  var file = form.querySelector("input[type=file]"), said = form.querySelector("[data-said]");
  var button = form.querySelector("button.main"), letters = document.createElement("input");
  letters.type = "hidden";
  letters.name = "picture";
  form.appendChild(letters);

  function drawn(image, side, quality) {
    var scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight));
    var canvas = document.createElement("canvas"), pen;
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", quality).split(",")[1] || "";
  }
  function small(image) {
    for (var i = 0; i < SIDES.length; i++) {
      for (var j = 0; j < QUALITIES.length; j++) {
        var made = drawn(image, SIDES[i], QUALITIES[j]);
        if (made && made.length <= MOST) { return made; }
      }
    }
    return "";
  }
  function ready(words, made) {
    said.textContent = words;
    letters.value = made.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    button.disabled = false;
  }
  function no() { file.value = ""; file.name = "file"; file.required = true; ready(form.getAttribute("data-no"), ""); }

  file.addEventListener("change", function () {
    letters.value = "";
    if (!file.files || !file.files.length) { return; }
    button.disabled = true;
    said.textContent = form.getAttribute("data-busy");
    var reader = new FileReader(), image = new Image();
    reader.onerror = image.onerror = no;
    reader.onload = function () { image.src = reader.result; };
    image.onload = function () {
      var made = "";
      try { made = small(image); } catch (e) { made = ""; }
      if (!made) { no(); return; }
      file.removeAttribute("name");  // the letters go in its place
      form.setAttribute("enctype", "application/x-www-form-urlencoded");
      ready("", made);
    };
    reader.readAsDataURL(file.files[0]);
  });
}());

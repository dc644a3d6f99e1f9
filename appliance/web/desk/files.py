"""Files at the keeper's desk: out at once, in by three steps: brought, looked at, taken in."""

from io import BytesIO
from typing import Any, Final
from urllib.parse import parse_qsl

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.exceptions import ClientDisconnected

from appliance.ledger.errors import Action, BadNumber, Code, Refusal
from appliance.ledger.files.checking import check, refuse_alone
from appliance.ledger.files.directory import HERE, NUMBERS, OLD
from appliance.ledger.files.exporting import EXPORTS, errors, export
from appliance.ledger.files.reading import MOST_BYTES, Problem, read
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.imports import MEMBERS, WHAT
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.values import parse_account
from appliance.web.desk.file_jobs import Job, Jobs, Limited, NoRoom, State
from appliance.web.ground.acting import ALWAYS, REFUSED, PinNeeded, acting_signer, form_key, fresh_key
from appliance.web.ground.acting import Problem as NotDone
from appliance.web.ground.here import the_hub, the_unit
from appliance.web.ground.secure import at_own_screen, keeper_at_own_screen
from appliance.web.wording import acts_files, file_words
from appliance.web.wording.words import refusal

bp = Blueprint("files", __name__, url_prefix="/desk/files")

_BRING: Final = "files.bring"
_WEIGHT_OF_A_FORM: Final = 64 * 1024
_PLAIN_FORM: Final = "application/x-www-form-urlencoded"
_SHORT: Final = 16 * 1024


class HubRequest(Request):
    """A request whose files stay in memory, as far as they may be read: nothing is put elsewhere on the disk."""

    def _get_file_stream(self, *_words: Any, **_more: Any) -> Limited:
        return Limited()

    def _load_form_data(self) -> None:
        """As werkzeug's. A plain short form is read in one go: what it goes through else is for long ones and for files."""
        length, known = self.content_length, self.__dict__
        if (
            "form" in known
            or "_cached_data" in known
            or self.headers.get("Content-Type") != _PLAIN_FORM
            or not length
            or length > min(_SHORT, self.max_content_length or _SHORT)
        ):
            super()._load_form_data()
            return
        body = self.environ["wsgi.input"].read(length)
        if len(body) != length:
            raise ClientDisconnected
        try:
            pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="werkzeug.url_quote")
        except ValueError:
            pairs = []  # as werkzeug: a form that cannot be read is an empty one
        kind = self.parameter_storage_class
        known["stream"], known["form"], known["files"] = BytesIO(), kind(pairs), kind()


def init_app(app: Flask) -> None:
    """Let files of a fitting size come in at the hub's own screen, and nowhere else."""
    app.request_class = HubRequest
    app.extensions["files"] = Jobs(app.extensions["hub"])

    @app.before_request
    def room_for_files() -> None:
        # Before the form token is looked for, as that reads the whole form. One that is larger is
        # let go byte by byte (``Limited``), so that the page can say it, not the browser.
        if request.endpoint == _BRING and at_own_screen():
            request.max_content_length = 8 * MOST_BYTES + _WEIGHT_OF_A_FORM


def the_files() -> Jobs:
    """The files that wait at this portal."""
    found: Jobs = current_app.extensions["files"]
    return found


@bp.get("")
def overview() -> Any:
    """What can go out and come in, and what waits."""
    keeper_at_own_screen()
    return render_template(
        "desk/files.html",
        out=EXPORTS,
        into=WHAT,
        titles=file_words.TITLES,
        every=file_words.ALL,
        waiting=the_files().waiting(),
    )


@bp.get("/out/<what>.csv")
def take_out(what: str) -> Any:
    """A file of everything, as it is read."""
    keeper_at_own_screen()
    if what not in EXPORTS:
        abort(404)
    hub, unit = the_hub(), the_unit()

    def pieces() -> Any:
        with hub.reading() as tx:
            yield from export(tx, what, hub.number, unit)

    return _csv(pieces(), f"{what}.csv")


def _csv(pieces: Any, name: str) -> Response:
    answer = Response(stream_with_context(pieces), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.get("/in/<what>")
def form(what: str) -> Any:
    """The form for bringing a file."""
    keeper_at_own_screen()
    return _form(what, fresh_key())


def _form(what: str, key: str, problem: NotDone | None = None, full: bool = False) -> str:
    if what not in WHAT:
        abort(404)
    numbers = [(HERE, _("of this hub")), (OLD, _("of the old list"))]
    return render_template(
        "desk/files_bring.html",
        what=what,
        title=file_words.TITLES[what](),
        hint=file_words.HINTS[what](),
        numbers=() if what == MEMBERS else numbers,
        chosen=request.form.get("numbers", HERE),
        most=MOST_BYTES // (1024 * 1024),
        key=key,
        problem=problem,
        full=full,
    )


@bp.post("/in/<what>")
def bring(what: str) -> Any:
    """Take the file, and begin to look at it."""
    keeper_at_own_screen()
    if what not in WHAT:
        abort(404)
    key, came = form_key(), request.files.get("file")
    data = came.stream.read() if came else b""
    if came is None or not came.filename:
        return _form(what, key.hex(), refusal(Code.TEXT_MISSING, Action.TRY_AGAIN)), REFUSED
    numbers = request.form.get("numbers", HERE)
    try:
        job = the_files().bring(what, came.filename, numbers if numbers in NUMBERS else HERE, data)
    except NoRoom:
        return _form(what, key.hex(), full=True), 507
    return redirect(url_for(".work", job=job.id))


@bp.get("/job/<job>")
def work(job: str) -> Any:
    """How far it is; what is wrong with it; what would happen; that it is done."""
    me = keeper_at_own_screen()
    found = the_files().get(job)
    if found is None:
        entry = the_files().after_restart(job)
        return render_template("desk/files_gone.html", entry=entry), 200 if entry else 404
    return _work(found, me.number, fresh_key())


def _work(job: Job, keeper: int, key: str, problem: NotDone | None = None) -> str:
    alone, job = None, the_files().seen(job)
    if job.state is State.READY and job.plan is not None:
        with the_hub().reading() as tx:
            alone = refuse_alone(tx, job.plan, keeper)
    return render_template(
        "desk/files_work.html",
        job=job,
        plan=job.plan,
        title=file_words.TITLES[job.what](),
        rows=acts_files.rows_words(job.what, job.plan.count) if job.plan else "",
        row_words=file_words.row_words,
        problem_words=file_words.problem_words,
        alone=alone,
        second=alone is not None and "own" not in alone.numbers,
        problem=problem or (job.no.refusal if job.no else None),
        line=job.no.line if job.no and not problem else 0,
        key=key,
        longest_line=LONGEST_LINE,
    )


@bp.post("/job/<job>/take")
def take(job: str) -> Any:
    """Take it in, with the PIN, and a second keeper's where it needs two."""
    me = keeper_at_own_screen()
    key, found = form_key(), the_files().get(job)
    if found is None or found.plan is None or found.state is not State.READY:
        return redirect(url_for(".work", job=job))  # sent twice: the first one is at it, or has done it
    try:
        terms = bytes.fromhex(request.form.get("terms", ""))
    except ValueError:
        abort(400)
    if not request.form.get("reason", "").strip():
        return _work(found, me.number, key.hex(), refusal(Code.TEXT_MISSING, Action.TRY_AGAIN)), REFUSED
    signer = acting_signer(ALWAYS)
    if not isinstance(signer, KeySigner):
        return _work(found, me.number, key.hex(), signer), REFUSED
    second = _second(me.number)
    if isinstance(second, Refusal | PinNeeded):
        signer.close()
        return _work(found, me.number, key.hex(), second), REFUSED
    if not the_files().take(found, terms, request.form["reason"], signer, second, key):
        signer.close()
        if second is not None:
            second.close()
    return redirect(url_for(".work", job=job))


def _second(keeper: int) -> KeySigner | NotDone | None:
    """The second keeper's key, when somebody typed a number; None without one."""
    typed = request.form.get("second", "").strip()
    if not typed:
        return None
    try:
        account = parse_account(typed, the_hub().number)
    except BadNumber:
        return refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER, hub=the_hub().number)
    if account.hub != the_hub().number or account.number == keeper:
        return refusal(Code.TWO_KEEPERS, Action.CHECK_NUMBER)
    pin = request.form.get("second_pin", "")
    if not pin:
        return PinNeeded()
    return the_hub().unlock(account.number, pin, b"", request.remote_addr or "")


@bp.post("/job/<job>/drop")
def drop(job: str) -> Any:
    """Let it go without taking it in."""
    keeper_at_own_screen()
    if (found := the_files().get(job)) is not None:
        the_files().forget(found)
    return redirect(url_for(".overview"))


@bp.get("/job/<job>/errors.csv")
def error_file(job: str) -> Any:
    """The file as it was brought, with what is wrong with each row."""
    keeper_at_own_screen()
    found = the_files().get(job)
    if found is None or found.state is not State.WRONG:
        abort(404)
    data = found.path.read_bytes()
    sheet = read(data, found.what)
    if isinstance(sheet, Problem):
        abort(404)
    plan = check(the_hub(), found.what, data, found.name, found.numbers)
    said = [(problem, file_words.problem_words(problem)) for problem in plan.problems]
    return _csv(errors(sheet, said), "errors.csv")

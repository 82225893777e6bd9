/** The page of a packet: asks who reviews, shows the widget, and hands out the journal. */
import widget from "../index";
import type { JournalEvent } from "../protocol";
import { journalName } from "./answers";
import { type PacketData, readData } from "./data";
import { keepEvents, keptEvents } from "./keeping";
import { PacketModel } from "./model";

const MIN_HEIGHT = 480;

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Asks for a name, since a journal says who decided. */
function ask(data: PacketData, start: (reviewer: string) => void): HTMLElement {
  const form = element("form", "start");
  const about = "What you decide stays in this page. At the end, download the journal and send it back.";
  const label = element("label", "", "Your name");
  const input = element("input", "");
  input.name = "reviewer";
  input.required = true;
  input.maxLength = 80;
  input.autocomplete = "name";
  label.append(input);
  const button = element("button", "", "Start");
  form.append(element("h1", "", `Review ${data.name}`), element("p", "", about));
  if (data.notice !== "") form.append(element("p", "", data.notice));
  form.append(label, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reviewer = input.value.trim();
    if (reviewer !== "") start(reviewer);
  });
  queueMicrotask(() => input.focus());
  return form;
}

function download(text: string, filename: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  const link = element("a", "");
  link.href = url;
  link.download = filename;
  link.style.display = "none";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The bar above the widget: who reviews, how much is not downloaded yet, and the button that does. */
class Bar {
  readonly root = element("header", "bar");
  private readonly count = element("span", "count");
  private saved = 0;

  constructor(
    data: PacketData,
    reviewer: string,
    private readonly own: () => readonly JournalEvent[],
    text: () => string,
  ) {
    const button = element("button", "", "Download journal");
    button.type = "button";
    button.addEventListener("click", () => {
      download(text(), journalName(data, reviewer));
      this.saved = own().length;
      this.show();
    });
    this.count.setAttribute("role", "status");
    this.root.append(element("strong", "", data.name), element("span", "", reviewer), this.count, button);
    this.show();
    addEventListener("beforeunload", (event) => {
      if (this.waiting > 0) event.preventDefault();
    });
  }

  get waiting(): number {
    return this.own().length - this.saved;
  }

  show(): void {
    const n = this.waiting;
    this.count.textContent =
      n === 0 ? "All downloaded" : `${n} ${n === 1 ? "decision" : "decisions"} to download`;
  }
}

function review(data: PacketData, reviewer: string, home: HTMLElement): void {
  let bar: Bar | null = null;
  const model = new PacketModel(data, reviewer, (own) => {
    keepEvents(data.fingerprint, reviewer, own);
    bar?.show();
  });
  const { journal } = model.kernel;
  journal.resume(keptEvents(data.fingerprint, reviewer));
  bar = new Bar(
    data,
    reviewer,
    () => journal.own,
    () => journal.text(data.header),
  );
  const el = element("main", "view");
  home.replaceChildren(bar.root, el);
  const height = Math.max(MIN_HEIGHT, innerHeight - bar.root.offsetHeight - 8);
  model.set("_options", { ...data.options, reviewer, height });
  widget.initialize({ model });
  widget.render({ model, el });
}

function begin(): void {
  const home = document.getElementById("packet")!;
  try {
    const data = readData(document.getElementById("packet-data")!.textContent ?? "");
    home.replaceChildren(ask(data, (reviewer) => review(data, reviewer, home)));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    home.replaceChildren(element("p", "start", `This file cannot be read: ${said}`));
  }
}

begin();

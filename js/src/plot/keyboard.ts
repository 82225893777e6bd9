/** Keys while the stage has focus; everything not listed here goes on to the widget's own keys. */
import type { PlotController } from "./controller";
import { type Direction, walk } from "./nearest";
import type { Pointers } from "./pointer";
import { describe, leapClass, mostSuspicious, NeighborWalk, placeOf } from "./walk";

const ARROWS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};
const ZOOM_STEP = 1.5;

export class Keys {
  private readonly stop = new AbortController();
  /** our own Space on its way to the widget */
  private passingOn = false;
  private readonly neighbors = new NeighborWalk();

  constructor(
    private readonly plot: PlotController,
    private readonly pointers: Pointers,
  ) {
    const options = { signal: this.stop.signal };
    plot.stage.addEventListener("keydown", (event) => this.down(event), options);
    plot.stage.addEventListener("keyup", (event) => this.up(event), options);
    const leave = (): void => {
      delete plot.stage.dataset.pointer;
      this.release();
    };
    plot.stage.addEventListener("blur", leave, options);
  }

  dispose(): void {
    this.stop.abort();
  }

  private down(event: KeyboardEvent): void {
    delete this.plot.stage.dataset.pointer;
    if (event.ctrlKey || event.metaKey || event.altKey || this.passingOn) return;
    if (!this.act(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private act(event: KeyboardEvent): boolean {
    const { view } = this.plot;
    const direction = ARROWS[event.key];
    if (direction !== undefined) return this.step(direction, event.shiftKey);
    switch (event.key) {
      case "+":
      case "=":
      case "-":
      case "_":
        return this.zoom(event.key === "+" || event.key === "=" ? ZOOM_STEP : 1 / ZOOM_STEP);
      case "f":
        view.fit();
        this.plot.store.say("The whole map is in view.");
        return true;
      case "z":
        this.plot.store.say(
          this.plot.zoomToSelection() ? "Zoomed to the selection." : "Nothing is selected to zoom to.",
        );
        return true;
      case "Home":
        return this.goTo(mostSuspicious(this.plot), false);
      case "PageDown":
      case "PageUp":
        return this.leap(event.key === "PageDown" ? 1 : -1);
      case ".":
      case ",":
        return this.toNeighbor(event.key === "." ? 1 : -1);
      case "j":
      case "k":
        return this.byRank(event.key === "j" ? 1 : -1);
      case "Escape":
        return this.pointers.abandon();
      case " ":
        return this.hold();
      default:
        return false;
    }
  }

  private zoom(factor: number): boolean {
    const { store, view } = this.plot;
    const row = store.current.peek();
    const at = row !== null && this.plot.inView(row) ? this.plot.screenOf(row) : null;
    view.zoom(factor, at ?? undefined, true);
    store.say(factor > 1 ? "Zoomed in." : "Zoomed out.");
    return true;
  }

  private step(direction: Direction, extend: boolean): boolean {
    const { store, table, passing } = this.plot;
    const from = store.current.peek();
    if (from === null || table.x === null) return this.goTo(mostSuspicious(this.plot), extend);
    const row = walk(table, passing, this.plot.view.camera, from, direction);
    if (row === null) {
      store.say(`No row further ${direction}.`);
      return true;
    }
    return this.goTo(row, extend);
  }

  private leap(by: 1 | -1): boolean {
    const found = leapClass(this.plot, by);
    return this.goTo(found?.row ?? null, false, found?.place);
  }

  private toNeighbor(by: 1 | -1): boolean {
    const { store } = this.plot;
    const found = this.neighbors.step(store, by);
    if (found === null) {
      const none =
        store.current.peek() === null ? "No row is current." : "No neighbors are known of this row.";
      store.say(none);
      return true;
    }
    return this.goTo(found.row, false, found.place);
  }

  private byRank(by: 1 | -1): boolean {
    const { store } = this.plot;
    const visible = store.visible.peek();
    store.move(by);
    const row = store.current.peek();
    if (row === null) return true;
    this.plot.reveal(row);
    const at = visible.indexOf(row) + 1;
    store.say(
      describe(store, row, `${at.toLocaleString("en-US")} of ${visible.length.toLocaleString("en-US")}`),
    );
    return true;
  }

  private goTo(row: number | null, extend: boolean, place = ""): boolean {
    if (row === null) return true;
    const { store, table, view } = this.plot;
    store.setCurrent(row);
    store.select([row], extend ? "add" : "replace");
    this.plot.reveal(row);
    const where = placeOf(table, view.extent, row);
    store.say(describe(store, row, place === "" ? where : `${place}, ${where}`));
    return true;
  }

  /** Space with the pointer over the plot may begin a pan; otherwise it is the widget's key at once. */
  private hold(): boolean {
    if (!this.pointers.inside) return false;
    if (this.pointers.spaceHeld) return true;
    this.pointers.spaceHeld = true;
    this.pointers.spaceUsed = false;
    this.plot.stage.dataset.cursor = "pan";
    return true;
  }

  private release(): void {
    if (!this.pointers.spaceHeld) return;
    this.pointers.spaceHeld = false;
    delete this.plot.stage.dataset.cursor;
  }

  private up(event: KeyboardEvent): void {
    if (event.key !== " " || !this.pointers.spaceHeld) return;
    const used = this.pointers.spaceUsed;
    this.release();
    event.preventDefault();
    if (used) return;
    // Nothing was dragged, so the key meant what it means elsewhere in the widget.
    this.passingOn = true;
    const again = { key: " ", code: "Space", bubbles: true, composed: true, cancelable: true };
    this.plot.stage.dispatchEvent(new KeyboardEvent("keydown", again));
    this.passingOn = false;
  }
}

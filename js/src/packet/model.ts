/** The widget's model without a notebook: traits from the packet, messages to the kernel in this page. */
import type { JournalEvent, KernelMessage, PageMessage } from "../protocol";
import type { Model } from "../transport/model";
import type { PacketData } from "./data";
import { Kernel } from "./kernel";

type Listener = (...args: unknown[]) => void;

export class PacketModel implements Model {
  readonly kernel: Kernel;
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly traits: Record<string, unknown>;

  constructor(data: PacketData, reviewer: string, keep?: (own: readonly JournalEvent[]) => void) {
    this.kernel = new Kernel(data, reviewer, (message, buffers) => this.say(message, buffers), keep);
    this.traits = {
      _picture: data.picture,
      _edits: {},
      _options: { ...data.options, reviewer },
      _selection: "",
      current: null,
    };
  }

  get = (key: string): unknown => this.traits[key];

  set = (key: string, value: unknown): void => {
    this.traits[key] = value;
  };

  save_changes = (): void => undefined;

  on = (event: string, callback: (...args: never[]) => void): void => {
    const found = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, found.add(callback as Listener));
  };

  off = (event?: string | null, callback?: ((...args: never[]) => void) | null): void => {
    if (event && callback) this.listeners.get(event)?.delete(callback as Listener);
    else if (event) this.listeners.delete(event);
    else this.listeners.clear();
  };

  send = (content: unknown, _callbacks?: unknown, buffers: ArrayBuffer[] | ArrayBufferView[] = []): void => {
    // Later, as from a real kernel: nobody expects the answer before `send` returns.
    queueMicrotask(() => this.kernel.receive(content as PageMessage, buffers));
  };

  private say(message: KernelMessage, buffers: DataView[]): void {
    for (const listener of [...(this.listeners.get("msg:custom") ?? [])]) listener(message, buffers);
  }
}

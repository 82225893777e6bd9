/** Binary as front ends hand it over: DataView (JupyterLab, marimo), ArrayBuffer, typed array, or base64 (static pages). */

const EMPTY = new Uint8Array(0);

/** The bytes of whatever arrived; empty when it is nothing binary. Shares memory where it can. */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === "string") return fromBase64(value);
  // An ArrayBuffer of another realm (an iframe's) fails `instanceof`.
  if (Object.prototype.toString.call(value) === "[object ArrayBuffer]")
    return new Uint8Array(value as ArrayBuffer);
  return EMPTY;
}

function fromBase64(text: string): Uint8Array {
  try {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return bytes;
  } catch {
    return EMPTY;
  }
}

/** A copy whose buffer starts at 0 and has exactly its bytes: views on it may have any item size. */
function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  const length = bytes.byteLength - (bytes.byteLength % size);
  if (bytes.byteOffset % size === 0 && bytes.buffer instanceof ArrayBuffer)
    return bytes.byteOffset === 0 && bytes.buffer.byteLength === length
      ? bytes.buffer
      : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length);
  return bytes.slice(0, length).buffer as ArrayBuffer;
}

export function u16Of(value: unknown): Uint16Array {
  return new Uint16Array(aligned(bytesOf(value), 2));
}

export function u32Of(value: unknown): Uint32Array {
  return new Uint32Array(aligned(bytesOf(value), 4));
}

export function f32Of(value: unknown): Float32Array {
  return new Float32Array(aligned(bytesOf(value), 4));
}

export function f64Of(value: unknown): Float64Array {
  return new Float64Array(aligned(bytesOf(value), 8));
}

/** An ArrayBuffer with exactly these bytes, safe to hand to a front end that sends `view.buffer` whole. */
export function exactBuffer(value: ArrayBufferView): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = value;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

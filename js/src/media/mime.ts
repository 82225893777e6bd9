/** Only pictures and sounds of known types get an object URL: never SVG, HTML or anything that could run. */

const ALLOWED = new Set([
  "image/webp",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/avif",
  "audio/wav",
  "audio/x-wav",
  "audio/wave",
  "audio/flac",
  "audio/ogg",
  "audio/mpeg",
]);

export function isShowable(mime: unknown): mime is string {
  return typeof mime === "string" && ALLOWED.has(mime.toLowerCase());
}

function ascii(bytes: Uint8Array, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Type of a thumbnail by its first bytes, since thumbnails come without a name; null for anything else. */
export function sniffImage(bytes: Uint8Array): string | null {
  if (ascii(bytes, 0, "RIFF") && ascii(bytes, 8, "WEBP")) return "image/webp";
  if (bytes[0] === 0x89 && ascii(bytes, 1, "PNG")) return "image/png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "image/jpeg";
  if (ascii(bytes, 0, "GIF8")) return "image/gif";
  return null;
}

export function objectUrl(bytes: Uint8Array, mime: string): string {
  return URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mime }));
}

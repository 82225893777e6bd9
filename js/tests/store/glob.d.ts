/** vitest reads files by pattern; this is the part of it that the contract traces need. */
interface ImportMeta {
  glob<T>(pattern: string, options: { eager: true; import: "default" }): Record<string, T>;
}

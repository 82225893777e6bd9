/** esbuild inlines style sheets as text. */
declare module "*/plot.css" {
  const text: string;
  export default text;
}

declare module "*/legend.css" {
  const text: string;
  export default text;
}

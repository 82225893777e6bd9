/** What the bundle makes of JSX: shorter in all than the automatic runtime, which names children in every element. */
export { Fragment, h } from "preact";

/**
 * One WebGL2 context a page: browsers allow about sixteen, and a notebook can hold more plots than that. Every plot
 * draws into this hidden canvas and copies the result to its own 2D canvas.
 */
import { FRAGMENT, UNIFORMS, type UniformName, VERTEX } from "./shaders";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export interface Gpu {
  readonly canvas: HTMLCanvasElement;
  readonly gl: WebGL2RenderingContext;
  /** null while the context is lost */
  program: WebGLProgram | null;
  uniforms: Map<UniformName, WebGLUniformLocation>;
  /** counts contexts restored: buffers of an earlier one are gone */
  generation: number;
  readonly software: boolean;
}

let shared: Gpu | null = null;
let software: boolean | undefined;
let users = 0;
const listeners = new Set<() => void>();

function compile(gl: WebGL2RenderingContext, kind: number, source: string): WebGLShader {
  const shader = gl.createShader(kind);
  if (shader === null) throw new Error("no shader");
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

function link(gpu: Gpu): void {
  const { gl } = gpu;
  gpu.program = null;
  try {
    const program = gl.createProgram();
    const shaders = [compile(gl, gl.VERTEX_SHADER, VERTEX), compile(gl, gl.FRAGMENT_SHADER, FRAGMENT)];
    for (const shader of shaders) gl.attachShader(program, shader);
    gl.linkProgram(program);
    for (const shader of shaders) gl.deleteShader(shader);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return;
    gpu.uniforms = new Map(
      UNIFORMS.flatMap((name) => {
        const at = gl.getUniformLocation(program, name);
        return at === null ? [] : [[name, at] as const];
      }),
    );
    gpu.program = program;
  } catch {
    // A context that cannot build two shaders is as good as none: the raster takes over.
  }
}

function open(hardware: boolean): Gpu | null {
  const canvas = document.createElement("canvas");
  // A context in software takes most of a second to open, only to be closed again.
  const options = {
    alpha: true,
    antialias: false,
    depth: false,
    premultipliedAlpha: true,
    failIfMajorPerformanceCaveat: hardware,
  };
  let gl: WebGL2RenderingContext | null = null;
  try {
    gl = canvas.getContext("webgl2", options) as WebGL2RenderingContext | null;
  } catch {
    return null;
  }
  if (gl === null) return null;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const vendor = String(gl.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  const gpu: Gpu = {
    canvas,
    gl,
    program: null,
    uniforms: new Map(),
    generation: 0,
    software: SOFTWARE.test(vendor),
  };
  if (!hardware || !gpu.software) link(gpu);
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    gpu.program = null;
    for (const tell of listeners) tell();
  });
  canvas.addEventListener("webglcontextrestored", () => {
    gpu.generation += 1;
    link(gpu);
    for (const tell of listeners) tell();
  });
  return gpu;
}

/** The page's context, or null where WebGL2 is missing. */
export function gpu(): Gpu | null {
  shared ??= open(false);
  return shared;
}

/** Whether WebGL2 is missing or runs in software; looks once a page, which can take a while. */
export function withoutGpu(): boolean {
  if (software === undefined) {
    const found = shared ?? open(true);
    software = found?.software ?? true;
    if (shared === null) shared = found;
    if (software) release();
  }
  return software;
}

/** Whether `withoutGpu` knows its answer. */
export function gpuKnown(): boolean {
  return software !== undefined;
}

/** Frees the context when nobody draws with it; a later plot opens a new one. */
function release(): void {
  if (users > 0 || shared === null) return;
  const { gl } = shared;
  shared = null;
  gl.getExtension("WEBGL_lose_context")?.loseContext();
}

/** Takes part in the shared context; `changed` is called when it is lost or restored. Returns the clean-up. */
export function join(changed: () => void): () => void {
  users += 1;
  listeners.add(changed);
  return () => {
    listeners.delete(changed);
    users -= 1;
    release();
  };
}

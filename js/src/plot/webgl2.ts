/** Draws points with WebGL2 in the page's shared context, then copies the picture to the plot's own canvas. */
import type { Rgb } from "./color";
import type { DrawList, Lut } from "./drawlist";
import type { Batch } from "./plan";
import {
  type Backdrop,
  deviceSize,
  deviceTransform,
  type Frame,
  type Picture,
  type Renderer,
} from "./renderer";
import { LUT_WIDTH, type UniformName } from "./shaders";
import { type Gpu, gpu, join, withoutGpu } from "./shared";

const BYTES = 8;

/** Attribute locations 0…3 over the packed words of a draw list; a stride of several points draws a sample. */
function layout(gl: WebGL2RenderingContext, stride: number): void {
  const step = BYTES * stride;
  for (let at = 0; at < 4; at++) gl.enableVertexAttribArray(at);
  gl.vertexAttribPointer(0, 2, gl.UNSIGNED_SHORT, true, step, 0);
  gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_SHORT, step, 4);
  gl.vertexAttribIPointer(2, 1, gl.UNSIGNED_BYTE, step, 6);
  gl.vertexAttribIPointer(3, 1, gl.UNSIGNED_BYTE, step, 7);
}

/** Texels: plain colors, then dimmed ones; alpha carries the shape. */
export function lutTexels(lut: Lut): { texels: Uint8Array; height: number } {
  const length = lut.colors.length;
  const height = Math.max(1, Math.ceil((2 * length) / LUT_WIDTH));
  const words = new Uint32Array(LUT_WIDTH * height);
  for (let i = 0; i < length; i++) {
    const shape = lut.shapes[i]! << 24;
    words[i] = (lut.colors[i]! & 0xffffff) | shape;
    words[length + i] = (lut.dimmed[i]! & 0xffffff) | shape;
  }
  return { texels: new Uint8Array(words.buffer), height };
}

const unit = ([r, g, b]: Rgb): [number, number, number] => [r / 255, g / 255, b / 255];

export class Webgl2Renderer implements Renderer {
  readonly name = "webgl2";
  private readonly leave: () => void;
  private array: WebGLVertexArrayObject | null = null;
  private buffer: WebGLBuffer | null = null;
  private texture: WebGLTexture | null = null;
  private generation = -1;
  private list: DrawList | null = null;
  private lut: Lut | null = null;
  private stride = 0;

  private image: ImageData | null = null;
  private picture: Picture | null = null;

  /** `changed`: the context was lost or came back, draw again */
  constructor(
    private readonly gpu: Gpu,
    private readonly backdrop: Backdrop,
    changed: () => void,
  ) {
    this.leave = join(changed);
  }

  /** Whether drawing is possible now. */
  get ready(): boolean {
    return this.gpu.program !== null && !this.gpu.gl.isContextLost();
  }

  draw(frame: Frame, target: CanvasRenderingContext2D): boolean {
    if (!this.ready) return false;
    const { gl, canvas } = this.gpu;
    const { width, height, margin } = deviceSize(frame.camera, frame.dpr);
    const wide = width + 2 * margin;
    const high = height + 2 * margin;
    // The canvas only grows: several plots of different sizes share it.
    if (canvas.width < wide) canvas.width = wide;
    if (canvas.height < high) canvas.height = high;
    this.upload(frame);
    gl.viewport(0, 0, wide, high);
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(0, 0, wide, high);
    // Over a density the points are drawn on glass.
    const dense = frame.plan.density > 0;
    const [r, g, b] = unit(frame.inks.panel);
    if (dense) gl.clearColor(0, 0, 0, 0);
    else gl.clearColor(r, g, b, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(this.gpu.program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.setUniforms(frame, wide, high);
    for (const batch of frame.plan.batches) this.drawBatch(frame, batch);
    gl.bindVertexArray(null);
    if (dense) this.paintBackdrop(frame, target, width, height);
    // GL rows count from the bottom, so the picture lies at the lower edge of the canvas.
    target.drawImage(canvas, margin, canvas.height - high + margin, width, height, 0, 0, width, height);
    return !gl.isContextLost();
  }

  dispose(): void {
    const { gl } = this.gpu;
    gl.deleteVertexArray(this.array);
    gl.deleteBuffer(this.buffer);
    gl.deleteTexture(this.texture);
    this.list = null;
    this.image = null;
    this.picture = null;
    this.leave();
  }

  private drawBatch({ stride, look }: Frame, { from, to, faint, rings }: Batch): void {
    const { gl, uniforms } = this.gpu;
    gl.uniform1f(uniforms.get("faint") ?? null, faint ? look.faint : 1);
    gl.uniform1i(uniforms.get("rings") ?? null, rings ? 1 : 0);
    const first = Math.ceil(from / stride);
    const count = Math.ceil(to / stride) - first;
    if (count > 0) gl.drawArrays(gl.POINTS, first, count);
  }

  private paintBackdrop(frame: Frame, target: CanvasRenderingContext2D, width: number, height: number): void {
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.picture = { data: new Int32Array(this.image.data.buffer), width, height };
    }
    this.backdrop.paint(frame, this.picture!, 0);
    target.putImageData(this.image, 0, 0);
  }

  private upload(frame: Frame): void {
    const { gl } = this.gpu;
    if (this.generation !== this.gpu.generation) {
      this.generation = this.gpu.generation;
      this.array = gl.createVertexArray();
      this.buffer = gl.createBuffer();
      this.texture = gl.createTexture();
      this.list = null;
      this.lut = null;
      this.stride = 0;
    }
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    if (this.list !== frame.list) {
      gl.bufferData(gl.ARRAY_BUFFER, frame.list.words, gl.DYNAMIC_DRAW);
      this.list = frame.list;
    }
    if (this.stride !== frame.stride) {
      layout(gl, frame.stride);
      this.stride = frame.stride;
    }
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    if (this.lut !== frame.lut) {
      const { texels, height } = lutTexels(frame.lut);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, LUT_WIDTH, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      this.lut = frame.lut;
    }
  }

  private setUniforms(frame: Frame, width: number, height: number): void {
    const { gl, uniforms } = this.gpu;
    const { look, inks, lut, dpr } = frame;
    const at = (name: UniformName): WebGLUniformLocation | null => uniforms.get(name) ?? null;
    const { ax, bx, ay, by } = deviceTransform(frame.camera, dpr);
    gl.uniform4f(at("transform"), ax, bx, ay, by);
    gl.uniform2f(at("size"), width, height);
    gl.uniform1f(at("dpr"), dpr);
    gl.uniform1fv(at("radii"), look.radius);
    gl.uniform1fv(at("alphas"), look.alpha);
    for (const name of [
      "dimAlpha",
      "selectedAlpha",
      "ringGap",
      "ringWidth",
      "ringAlpha",
      "outlineGap",
      "outlineWidth",
      "tick",
    ] as const)
      gl.uniform1f(at(name), look[name]);
    gl.uniform1i(at("lutLength"), lut.colors.length);
    gl.uniform1i(at("lut"), 0);
    gl.uniform3f(at("ringInk"), ...unit(inks.ring));
    gl.uniform3f(at("accentInk"), ...unit(inks.accent));
    gl.uniform3f(at("panelInk"), ...unit(inks.panel));
    gl.uniform3f(at("okInk"), ...unit(inks.ok));
  }
}

/** A WebGL2 renderer, or null where the raster should draw: WebGL2 is missing, or ("auto") runs in software. */
export function openWebgl2(
  wanted: "auto" | "webgl2",
  backdrop: Backdrop,
  changed: () => void,
): Webgl2Renderer | null {
  if (wanted === "auto" && withoutGpu()) return null;
  const found = gpu();
  if (found === null || (found.program === null && !found.gl.isContextLost())) return null;
  return new Webgl2Renderer(found, backdrop, changed);
}

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    setupFiles: ["tests/setup.ts"],
    // Property tests run long where two cores are shared.
    testTimeout: 30_000,
    // The same random examples on every run of the whole suite; alone, each run draws new ones.
    env: { FAST_CHECK_SEED: process.env.FAST_CHECK_SEED ?? (process.env.CI ? "1" : "") },
  },
});

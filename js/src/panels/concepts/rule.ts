/** p(attribute | class) as rules: what a class usually has, and which rows break it. */
import { answerOf, tagColumnName } from "../../store/taskColumns";
import type { Filters } from "../../store/types";

/** What holds for most rows of a class. */
export function ruleOf(probability: number): 1 | 0 {
  return probability >= 0.5 ? 1 : 0;
}

/** Rows of the class that are known to be otherwise. */
export function breaking(probability: number, rows: number, present: number): number {
  return ruleOf(probability) === 1 ? rows - present : present;
}

/** Only the rows of a class that break its rule; all again where they were shown already. */
export function ruleFilters(filters: Filters, code: number, attribute: string, probability: number): Filters {
  const name = tagColumnName("concepts", attribute);
  const { [name]: before, ...others } = filters.column;
  const without = Object.fromEntries(
    Object.entries(others).filter(([key]) => !key.startsWith("attribute: ")),
  );
  if (before !== undefined && filters.current === code) return { ...filters, current: null, column: without };
  const wrong = answerOf(ruleOf(probability) === 1 ? 0 : 1);
  return { ...filters, current: code, column: { ...without, [name]: new Set([wrong]) } };
}

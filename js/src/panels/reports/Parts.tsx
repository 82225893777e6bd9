/** The parts of a report: paragraphs, large figures, tables. All text is text; numbers that stand for rows are buttons. */
import type { ReportSection, ReportTable, RowsKey } from "../../protocol";
import type { Store } from "../../store/types";
import { chooseRows, widthOf } from "./act";
import { Line } from "./Line";
import { Reliability } from "./Reliability";

/** Longer tables are cut; the rest is in the file. */
const MOST_ROWS = 100;

interface CellProps {
  store: Store;
  text: string;
  /** what the number counts */
  name: string;
  rowsKey: RowsKey | undefined;
}

function Cell({ store, text, name, rowsKey }: CellProps) {
  if (rowsKey === null || rowsKey === undefined) return <>{text}</>;
  return (
    <button
      type="button"
      class="ls-rows-link"
      data-rows={rowsKey}
      aria-label={`${text}, ${name}: select these rows`}
      title={`${name}: select these rows, with Shift show only these`}
      onClick={(event) => {
        const width = widthOf(event.currentTarget);
        void chooseRows(store, rowsKey, name, event.shiftKey, width);
      }}
    >
      {text}
    </button>
  );
}

function Table({ store, table, heading }: { store: Store; table: ReportTable; heading: string }) {
  const shown = table.rows.slice(0, MOST_ROWS);
  const side = (k: number): string | undefined => (table.numeric[k] ? "n" : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by the arrow keys
    <section class="ls-report-table ls-scroll" tabIndex={0} aria-label={table.caption || heading}>
      <table>
        {table.caption !== "" && <caption>{table.caption}</caption>}
        <thead>
          <tr>
            {table.header.map((name, k) => (
              <th key={name} scope="col" class={side(k)}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((cells, row) => (
            <tr key={row}>
              {cells.map((text, k) => (
                <td key={table.header[k]} class={side(k)}>
                  <Cell
                    store={store}
                    text={text}
                    name={k === 0 ? (table.header[0] ?? "") : `${cells[0]}, ${table.header[k]}`}
                    rowsKey={table.rows_of[row]?.[k]}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > MOST_ROWS && (
        <p class="ls-quiet">{table.rows.length - MOST_ROWS} more rows are in the file.</p>
      )}
    </section>
  );
}

export function Section({ store, section }: { store: Store; section: ReportSection }) {
  return (
    <section class="ls-report-part">
      <h3>{section.heading}</h3>
      {section.paragraphs.map((text) => (
        <p key={text}>{text}</p>
      ))}
      {section.figures.length > 0 && (
        <dl class="ls-figures">
          {section.figures.map(([name, value, key]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Cell store={store} text={value} name={name} rowsKey={key} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {section.line && section.line.points.length > 1 && <Line line={section.line} />}
      {section.plot?.series.some(({ points }) => points.length > 0) && <Reliability plot={section.plot} />}
      {section.tables.map((table, k) => (
        <Table key={k} store={store} table={table} heading={section.heading} />
      ))}
    </section>
  );
}

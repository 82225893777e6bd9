/** What goes to the page about judges. All strings are untrusted text. */

/** What judges say of a row, in `detail`. */
export interface JudgeStrip {
  said: {
    name: string;
    /** -1: no answer, and `silence` says why, such as "not a label: 'cta'" */
    code: number;
    /** null: it does not say */
    sure: number | null;
    silence: string;
    /** model, prompt, where it was asked, cost and time */
    about: string;
  }[];
  /** judges that are not listed */
  more: number;
  /** what they come to together; -1: nobody answered */
  code: number;
  sure: number;
}

/** Shares with their intervals against confidence. */
export interface ReportPlot {
  title: string;
  x: string;
  y: string;
  series: {
    name: string;
    points: [confidence: number, share: number, low: number, high: number, rows: number][];
  }[];
}

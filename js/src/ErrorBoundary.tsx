/** A part of the view that fails says so and offers to try again; the other parts go on. */
import { Component, type ComponentChildren } from "preact";

interface Props {
  what: string;
  children: ComponentChildren;
}

interface State {
  error: Error | null;
}

export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static override getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return <>{this.props.children}</>;
    return (
      <div class="ls-failed" role="alert">
        <b>The {this.props.what} could not be drawn</b>
        <span>{error.message}</span>
        <span class="ls-failed-hint">Your labels are safe: they live in the kernel and its journal.</span>
        <button
          type="button"
          class="ls-btn line"
          data-action="retry"
          onClick={() => this.setState({ error: null })}
        >
          try again
        </button>
      </div>
    );
  }
}

import { Link } from "wouter";
import { text } from "../shared/text";
import { PageHead } from "../shared/ui/page";

export function NotFound() {
  return (
    <PageHead title={text.notFound.title} lead={text.notFound.lead}>
      <Link href="/" className="btn">
        {text.notFound.home}
      </Link>
    </PageHead>
  );
}

"""A request handler: WSGI calls, JSON in and out, SQLAlchemy's ORM over SQLite in memory."""

import io
import json
from wsgiref.util import setup_testing_defaults

from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    books: Mapped[list["Book"]] = relationship(
        back_populates="author", cascade="all, delete-orphan"
    )


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


class Application:
    def __init__(self):
        self.engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        Base.metadata.create_all(self.engine)
        self.routes = {
            ("POST", "authors"): self.add_author,
            ("GET", "authors"): self.show_author,
            ("GET", "report"): self.report,
            ("DELETE", "authors"): self.remove_author,
        }

    def __call__(self, environ, start_response):
        head, *rest = environ["PATH_INFO"].strip("/").split("/")
        handler = self.routes.get((environ["REQUEST_METHOD"], head))
        try:
            if handler is None:
                raise LookupError(environ["PATH_INFO"])
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = json.loads(environ["wsgi.input"].read(length)) if length else None
            with Session(self.engine) as session, session.begin():
                answer, status = handler(session, body, *rest), "200 OK"
        except LookupError as error:
            answer, status = {"error": str(error)}, "404 Not Found"
        text = json.dumps(answer).encode()
        start_response(
            status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        )
        return [text]

    def add_author(self, session, body):
        author = Author(name=body["name"])
        author.books = [Book(title=title, pages=pages) for title, pages in body["books"]]
        session.add(author)
        session.flush()
        return {"id": author.id}

    def show_author(self, session, _body, number):
        author = session.get(Author, int(number))
        if author is None:
            raise LookupError(number)
        books = [{"title": b.title, "pages": b.pages} for b in author.books if b.pages > 30]
        return {"name": author.name, "books": books}

    def report(self, session, _body):
        query = (
            select(Author.name, func.count(Book.id), func.sum(Book.pages))
            .join(Book)
            .group_by(Author.id)
            .order_by(Author.id)
        )
        return [list(row) for row in session.execute(query)]

    def remove_author(self, session, _body, number):
        author = session.get(Author, int(number))
        if author is None:
            raise LookupError(number)
        session.delete(author)
        return {}


application = Application()


def call(method, path, body=None):
    text = b"" if body is None else json.dumps(body).encode()
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": io.BytesIO(text)}
    environ["CONTENT_LENGTH"] = str(len(text))
    setup_testing_defaults(environ)
    statuses = []
    answer = b"".join(application(environ, lambda status, headers: statuses.append(status)))
    return statuses[0], json.loads(answer)


def run():
    numbers = []
    for n in range(8):
        books = [(f"volume {k}", 20 + n * k) for k in range(6)]
        _, answer = call("POST", "/authors", {"name": f"author {n}", "books": books})
        numbers.append(answer["id"])
    shown = [call("GET", f"/authors/{number}")[1] for number in numbers]
    _, report = call("GET", "/report")
    missing, _ = call("GET", "/authors/1000000")
    unknown, _ = call("PUT", "/nowhere")
    for number in numbers:
        call("DELETE", f"/authors/{number}")
    _, empty = call("GET", "/report")
    return sum(len(author["books"]) for author in shown), report[-1], missing, unknown, empty


EXPECTED = (16, ["author 7", 6, 225], "404 Not Found", "404 Not Found", [])

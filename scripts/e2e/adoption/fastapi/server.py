"""FastAPI with prometheus-fastapi-instrumentator as its README shows it: no options."""

import asyncio
import os

from fastapi import FastAPI, Response
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()
Instrumentator().instrument(app).expose(app)

requests = 0


def is_one_in(share: float) -> bool:
    return share > 0 and requests % round(1 / share) == 0


@app.get("/checkout")
async def checkout(response: Response) -> dict[str, bool]:
    global requests
    requests += 1
    if is_one_in(float(os.environ.get("ERRORS", "0"))):
        response.status_code = 500
        return {"accepted": False}
    if is_one_in(float(os.environ.get("SLOW", "0"))):
        await asyncio.sleep(0.7)
    return {"accepted": True}

"""The pages of accounts."""

from fastapi import APIRouter

ROUTERS: list[APIRouter] = []

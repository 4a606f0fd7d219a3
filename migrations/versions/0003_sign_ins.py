"""Sign-ins, of browsers and programs."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    """Change the tables."""
    op.create_table('login_sessions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=7), nullable=False),
    sa.Column('secret_sha256', sa.String(length=64), nullable=False),
    sa.Column('refresh_sha256', sa.String(length=64), nullable=True),
    sa.Column('user_agent', sa.String(length=200), nullable=False),
    sa.Column('network', sa.String(length=50), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('browser', 'program')", name=op.f('ck_login_sessions_kind')),
    sa.CheckConstraint("(kind = 'program') = (refresh_sha256 IS NOT NULL)", name=op.f('ck_login_sessions_programs_refresh')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_login_sessions_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_sessions')),
    sa.UniqueConstraint('secret_sha256', name=op.f('uq_login_sessions_secret_sha256'))
    )
    op.create_index(op.f('ix_login_sessions_user_id_id'), 'login_sessions', ['user_id', 'id'])


def downgrade():
    """Take the change back."""
    op.drop_table('login_sessions')
